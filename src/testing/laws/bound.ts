/** Laws 7 and 16: no leg keeps more than it may, and one that holds its source does not flutter. */
import { isLossy } from '../../core/overflow.ts';
import type { VirtualRelay } from '../relay.ts';
import { branchesByLeg, eventsOf } from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

export const bound: RunLaw = {
  number: 7,
  name: 'bound',
  sentence:
    'no leg keeps more than its capacity; one that pauses and is full holds the source of all that comes',
  inspect: beyondPeak,
  examine(played) {
    const branches = branchesByLeg(played.relay.configuration);
    for (const { leg, depth, bytes, isHolding } of eventsOf(played, 'queued')) {
      const branch = branches.get(leg);
      if (branch?.overflow !== 'pause') continue;
      const { buffer } = branch;
      const isFull = depth >= buffer.messages || bytes >= buffer.bytes;
      if (isFull && !isHolding) return `${leg} is full with ${depth} messages, and holds nobody`;
    }
    return undefined;
  },
};

export const hysteresis: RunLaw = {
  number: 16,
  name: 'hysteresis',
  sentence: 'between two holds by one leg at least half its capacity has left it',
  doesNotApply(configuration) {
    const pauses = [...branchesByLeg(configuration).values()].some(({ overflow }) => overflow === 'pause');
    return pauses ? undefined : 'no leg pauses';
  },
  examine: fluttering,
};

/** The peak, not what happens to be there when somebody looks. */
function beyondPeak({ routes, configuration }: VirtualRelay): string | undefined {
  const branches = branchesByLeg(configuration);
  for (const { legs } of routes) {
    for (const { leg } of legs) {
      const branch = branches.get(leg.name);
      if (branch === undefined) continue;
      const { overflow, buffer } = branch;
      if (!isLossy(overflow)) continue;
      if (leg.peakDepth > buffer.messages) {
        return `${leg.name} kept ${leg.peakDepth} messages; its buffer is ${buffer.messages}`;
      }
      if (leg.depth > 1 && leg.depthBytes > buffer.bytes) {
        return `${leg.name} keeps ${leg.depthBytes} bytes; its buffer is ${buffer.bytes}`;
      }
    }
  }
  return undefined;
}

/** What has left each leg since it last began to hold. */
function fluttering(played: Played): string | undefined {
  const branches = branchesByLeg(played.relay.configuration);
  const left = new Map<string, { messages: number; bytes: number }>();
  const holding = new Map<string, Set<string>>();
  for (const event of played.relay.events) {
    if (event.kind === 'killed') {
      left.clear();
      holding.clear();
    } else if (event.kind === 'written' || event.kind === 'refused') {
      const count = left.get(event.leg);
      if (count === undefined) continue;
      count.messages += 1;
      // Values have no size that could be told from outside, and what was refused is not looked at.
      const bytes = event.kind === 'written' ? event.received.bytes?.byteLength : undefined;
      count.bytes += bytes ?? Number.POSITIVE_INFINITY;
    } else if (event.kind === 'released') {
      holding.get(event.holder)?.delete(event.endpoint);
    } else if (event.kind === 'held') {
      const branch = branches.get(event.holder);
      if (branch === undefined) continue;
      const sources = holding.get(event.holder) ?? new Set<string>();
      holding.set(event.holder, sources);
      const begins = sources.size === 0;
      sources.add(event.endpoint);
      if (!begins) continue;
      const { messages, bytes } = branch.buffer;
      const since = left.get(event.holder);
      left.set(event.holder, { messages: 0, bytes: 0 });
      if (since === undefined) continue;
      const low = Math.ceil(messages / 2);
      if (since.messages < low && since.bytes < bytes / 2) {
        return `${event.holder} holds ${event.endpoint} again after ${since.messages} messages have left it, not ${low}`;
      }
    }
  }
  return undefined;
}
