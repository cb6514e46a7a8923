/** Laws 5 and 6: nothing is emitted while the gate is shut, and no more is unsettled than the window has places. */
import type { VirtualRelay } from '../relay.ts';
import type { Sent } from '../sent.ts';
import { eventsOf } from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

export const gate: RunLaw = {
  number: 5,
  name: 'gate',
  sentence:
    'nothing is emitted while the gate is held, and what had been read already stays within its bound',
  inspect: overfull,
  examine(played) {
    for (const { sent, holders } of eventsOf(played, 'emitted')) {
      if (holders.length > 0)
        return `${sent.id} is emitted while ${holders.join(', ')} holds ${sent.endpoint}`;
    }
    return undefined;
  },
};

export const window: RunLaw = {
  number: 6,
  name: 'window',
  sentence: 'what is unsettled, or its span where acks are cumulative, never exceeds max-in-flight',
  examine: beyondWindow,
};

/** A lane that can be paused hands over one message at a shut gate, and learns so that it is shut. */
function overfull(relay: VirtualRelay): string | undefined {
  for (const [name, { capabilities }] of relay.configuration.endpoints) {
    if (capabilities.source?.canPause !== true) continue;
    const { stashed } = relay.endpoint(name).inbound;
    const lanes = new Set(
      relay.sent.filter(({ endpoint }) => endpoint === name).map(({ meta }) => meta.lane ?? meta.peer ?? ''),
    );
    // What had been read on a connection that is gone is still there, beside what the next one brings.
    const losses = relay.events.filter((event) => event.kind === 'down' && event.endpoint === name).length;
    if (stashed > lanes.size * (1 + losses))
      return `${name}: ${stashed} messages were read at a shut gate, from ${lanes.size} lanes`;
  }
  return undefined;
}

function beyondWindow(played: Played): string | undefined {
  const unsettled = new Map<string, Set<Sent>>();
  const of = (endpoint: string): Set<Sent> => {
    const all = unsettled.get(endpoint) ?? new Set<Sent>();
    unsettled.set(endpoint, all);
    return all;
  };
  for (const event of played.relay.events) {
    if (event.kind === 'killed') unsettled.clear();
    if (event.kind === 'settled') of(event.sent.endpoint).delete(event.sent);
    if (event.kind === 'lost') of(event.sent.endpoint).delete(event.sent);
    // Of a connection that is gone nothing is settled any more.
    if (event.kind === 'down') unsettled.delete(event.endpoint);
    if (event.kind !== 'emitted') continue;
    const all = of(event.sent.endpoint);
    all.add(event.sent);
    if (all.size > event.window) {
      return `${event.sent.id} is unsettled message ${all.size} of ${event.sent.endpoint}; max-in-flight is ${event.window}`;
    }
  }
  return undefined;
}
