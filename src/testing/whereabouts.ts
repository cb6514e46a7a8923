/** Where each message is between its source and its fate: how a loss finds the step that it happened in. */
import type { Lane } from '../core/lane.ts';
import type { Message, Origin } from '../core/message.ts';
import type { SentRecord } from './sent.ts';

export interface Whereabouts {
  /** What the outside world calls a message, of all that are in it: one, or the parts of a batch. */
  sentOf(message: Message): readonly SentRecord[];
  handed(sent: SentRecord, lane: Lane, position: number): void;
  emitted(sent: SentRecord): void;
  entered(place: string, message: Message): void;
  left(place: string, message: Message): void;
  /** It has ended somewhere: in the last place that has it. */
  ended(message: Message): void;
  /** It has no place any more: settled, lost, or back at its source. */
  forget(sent: SentRecord): void;
  /** The places that have it now, in the order in which it came there. */
  placesOf(sent: SentRecord): readonly string[];
  /** The same for a message within a route: the last place that has it. */
  placeOf(message: Message): string | undefined;
}

export function createWhereabouts(): Whereabouts {
  /** What is known of messages whose origin is a lane. Bounded by what a test sends, as all here. */
  const byLane = new WeakMap<Origin, Map<number, SentRecord>>();
  /** Steps may give messages another origin, and keep the id. */
  const byId = new Map<string, SentRecord>();
  /** How many copies of a message each place has. */
  const places = new Map<SentRecord, Map<string, number>>();

  const change = (sent: SentRecord, place: string, by: number): void => {
    const counts = places.get(sent) ?? new Map<string, number>();
    places.set(sent, counts);
    const count = Math.max(0, (counts.get(place) ?? 0) + by);
    if (count === 0) counts.delete(place);
    else counts.set(place, count);
  };

  const sentOf = (message: Message): readonly SentRecord[] => {
    const { origin, sequence } = message;
    const known = byLane.get(origin)?.get(sequence);
    if (known !== undefined) {
      if (!byId.has(message.id)) byId.set(message.id, known);
      return [known];
    }
    // A joined message: its parts are private, and what happened to it happened to all of them.
    const { parts } = origin as { readonly parts?: readonly Message[] };
    if (parts !== undefined) return [...new Set(parts.flatMap(sentOf))];
    for (let id = message.id; id !== ''; id = id.slice(0, Math.max(0, id.lastIndexOf('/')))) {
      const found = byId.get(id);
      if (found !== undefined) return [found];
    }
    return [];
  };

  const last = (sent: SentRecord): string | undefined => [...(places.get(sent)?.keys() ?? [])].at(-1);

  return {
    sentOf,

    handed(sent, lane, position) {
      let known = byLane.get(lane);
      if (known === undefined) {
        known = new Map();
        byLane.set(lane, known);
      }
      known.set(position, sent);
      places.set(sent, new Map([[`the gate of ${sent.endpoint}`, 1]]));
    },

    emitted(sent) {
      places.delete(sent);
    },

    entered(place, message) {
      for (const sent of sentOf(message)) change(sent, place, 1);
    },

    left(place, message) {
      for (const sent of sentOf(message)) change(sent, place, -1);
    },

    ended(message) {
      for (const sent of sentOf(message)) {
        const place = last(sent);
        if (place !== undefined) change(sent, place, -1);
      }
    },

    forget(sent) {
      places.delete(sent);
    },

    placesOf: (sent) => [...(places.get(sent)?.keys() ?? [])],

    placeOf(message) {
      for (const sent of sentOf(message)) {
        const place = last(sent);
        if (place !== undefined) return place;
      }
      return undefined;
    },
  };
}
