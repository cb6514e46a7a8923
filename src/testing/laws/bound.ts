/** Laws 7 and 16: no leg keeps more than it may, and one that holds its source does not flutter. */
import type { BranchPlan } from '../../config/plan.ts';
import { isLossy } from '../../core/overflow.ts';
import type { VirtualRelay } from '../relay.ts';
import { branchesByLeg, sharingByLeg } from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

export const bound: RunLaw = {
  number: 7,
  name: 'bound',
  sentence:
    'no leg keeps more than its capacity; one that pauses and is full holds the source of all that comes',
  inspect: beyondPeak,
  examine: holdingNobody,
};

export const hysteresis: RunLaw = {
  number: 16,
  name: 'hysteresis',
  sentence:
    'between two holds by one leg at least half its capacity has left it, or that of one that takes messages in its stead',
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

/**
 * A full leg of several that share messages out holds its source when all of them are full. How much waits in the
 * others is not told at that moment: it is at least what waited when they were last offered something, less all that
 * has left them since.
 */
function holdingNobody(played: Played): string | undefined {
  const branches = branchesByLeg(played.relay.configuration);
  const sharing = sharingByLeg(played.relay.configuration);
  const waiting = new Map<string, { depth: number; bytes: number }>();
  const isFull = (leg: string): boolean => {
    const buffer = branches.get(leg)?.buffer;
    const found = waiting.get(leg);
    if (buffer === undefined || found === undefined) return false;
    return found.depth >= buffer.messages || found.bytes >= buffer.bytes;
  };
  for (const event of played.relay.events) {
    if (event.kind === 'queued') {
      const { leg, depth, bytes, isHolding } = event;
      waiting.set(leg, { depth, bytes });
      if (branches.get(leg)?.overflow !== 'pause' || isHolding || !isFull(leg)) continue;
      const others = sharing.get(leg)?.alternates ?? [];
      if (!others.every(isFull)) continue;
      const too = others.length === 0 ? '' : ` (as are all that share with it)`;
      return `${leg} is full with ${depth} messages${too}, and holds nobody`;
    }
    if (event.kind === 'written' || event.kind === 'refused' || event.kind === 'dropped') {
      const found = waiting.get(event.leg);
      const count = event.kind === 'dropped' ? event.count : 1;
      // Its size is not known, so what is left may have none.
      if (found !== undefined) waiting.set(event.leg, { depth: found.depth - count, bytes: 0 });
    } else if (event.kind === 'killed' || event.kind === 'reloads') waiting.clear();
  }
  return undefined;
}

/** What has left each leg, and each that takes messages in its stead, since it last began to hold. */
function fluttering(played: Played): string | undefined {
  const branches = branchesByLeg(played.relay.configuration);
  const sharing = sharingByLeg(played.relay.configuration);
  /** For each leg that has held: what has left the legs whose room lets it go. */
  const left = new Map<string, Map<string, Left>>();
  const holding = new Map<string, Set<string>>();
  for (const event of played.relay.events) {
    if (event.kind === 'killed') {
      left.clear();
      holding.clear();
    } else if (event.kind === 'written' || event.kind === 'refused') {
      // Values have no size that could be told from outside, and what was refused is not looked at.
      const bytes = event.kind === 'written' ? event.received.bytes?.byteLength : undefined;
      for (const counts of left.values()) {
        const count = counts.get(event.leg);
        if (count === undefined) continue;
        count.messages += 1;
        count.bytes += bytes ?? Number.POSITIVE_INFINITY;
      }
    } else if (event.kind === 'released') {
      holding.get(event.holder)?.delete(event.endpoint);
    } else if (event.kind === 'held') {
      const { holder, endpoint } = event;
      if (!branches.has(holder)) continue;
      const sources = holding.get(holder) ?? new Set<string>();
      holding.set(holder, sources);
      const begins = sources.size === 0;
      sources.add(endpoint);
      if (!begins) continue;
      const since = left.get(holder);
      const counted = [holder, ...(sharing.get(holder)?.alternates ?? [])];
      left.set(holder, new Map(counted.map((leg) => [leg, { messages: 0, bytes: 0 }])));
      if (since === undefined || [...since].some(([leg, count]) => isHalf(count, branches.get(leg))))
        continue;
      const low = Math.ceil((branches.get(holder)?.buffer.messages ?? 0) / 2);
      return `${holder} holds ${endpoint} again after ${since.get(holder)?.messages} messages have left it, not ${low}`;
    }
  }
  return undefined;
}

interface Left {
  messages: number;
  bytes: number;
}

/** Of one that nobody can tell apart, or has no bounds here, nothing can be said. */
function isHalf({ messages, bytes }: Left, branch: BranchPlan | undefined): boolean {
  if (branch === undefined) return true;
  return messages >= Math.ceil(branch.buffer.messages / 2) || bytes >= branch.buffer.bytes / 2;
}
