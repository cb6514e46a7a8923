/** Where each message is between its source and its fate: how a loss finds the step that it happened in. */
import type { Lane } from '../core/lane.ts';
import type { Message, Origin } from '../core/message.ts';
import type { Sent } from './sent.ts';

/** What a message in a route was made of. */
export interface Stem {
  readonly sent: Sent;
  /** How often it had been delivered then. */
  readonly delivery: number;
}

export interface Whereabouts {
  /** What the outside world calls a message, of all that are in it: one, or the parts of a batch. */
  stemsOf(message: Message): readonly Stem[];
  handed(sent: Sent, lane: Lane, position: number): void;
  emitted(sent: Sent): void;
  entered(place: string, message: Message): void;
  left(place: string, message: Message): void;
  /** It has ended in a place. */
  ended(place: string, message: Message): void;
  /** It has no place any more: settled, lost, or back at its source. */
  forget(sent: Sent): void;
  /** The places that have it now, in the order in which it came there. */
  placesOf(sent: Sent): readonly string[];
  /** The last place of a route that has a message. */
  placeIn(route: string, message: Message): string | undefined;
}

export function createWhereabouts(): Whereabouts {
  /** What is known of messages whose origin is a lane. Bounded by what a test sends, as all here. */
  const byLane = new WeakMap<Origin, Map<number, Sent>>();
  /** Steps may give messages another origin, and keep the id. */
  const byId = new Map<string, readonly Stem[]>();
  /** How many copies of a message each place has. */
  const places = new Map<Sent, Map<string, number>>();

  const change = (sent: Sent, place: string, by: number): void => {
    const counts = places.get(sent) ?? new Map<string, number>();
    places.set(sent, counts);
    const count = Math.max(0, (counts.get(place) ?? 0) + by);
    if (count === 0) counts.delete(place);
    else counts.set(place, count);
  };

  const stemsOf = (message: Message): readonly Stem[] => {
    const { origin, sequence, root } = message;
    const sent = byLane.get(origin)?.get(sequence);
    if (sent !== undefined) return remembered(message, [{ sent, delivery: root.meta.deliveries ?? 1 }]);
    // A joined message: its parts are private, and what happens to it happens to all of them.
    const { parts } = origin as { readonly parts?: readonly Message[] };
    if (parts !== undefined) return remembered(message, distinct(parts.flatMap(stemsOf)));
    for (let { id } = message; id !== ''; id = id.slice(0, Math.max(0, id.lastIndexOf('/')))) {
      const [stem, ...others] = byId.get(id) ?? [];
      if (stem === undefined) continue;
      // A copy that a step made knows which delivery it is of; of a joined message, the last that was joined is told.
      return others.length > 0 ? [stem, ...others] : [{ ...stem, delivery: message.meta.deliveries ?? 1 }];
    }
    return [];
  };

  /** Ids survive redelivery: what comes last under one is what it stands for. */
  const remembered = ({ id }: Message, stems: readonly Stem[]): readonly Stem[] => {
    byId.set(id, stems);
    return stems;
  };

  return {
    stemsOf,

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
      for (const { sent } of stemsOf(message)) change(sent, place, 1);
    },

    left(place, message) {
      for (const { sent } of stemsOf(message)) change(sent, place, -1);
    },

    ended(place, message) {
      for (const { sent } of stemsOf(message)) change(sent, place, -1);
    },

    forget(sent) {
      places.delete(sent);
    },

    placesOf: (sent) => [...(places.get(sent)?.keys() ?? [])],

    placeIn(route, message) {
      for (const { sent } of stemsOf(message)) {
        const own = [...(places.get(sent)?.keys() ?? [])].filter((place) => isOf(route, place));
        if (own.length > 0) return own.at(-1);
      }
      return undefined;
    },
  };
}

/** Steps are named `orders.via[0] filter`, legs `orders → archive` and `orders ⇢ dead`. */
function isOf(route: string, place: string): boolean {
  return place.startsWith(route) && /^(?:\.via\[| [→⇢] )/.test(place.slice(route.length));
}

/** Two parts of one message are joined as one. */
function distinct(stems: readonly Stem[]): readonly Stem[] {
  return stems.filter((stem, place) => stems.findIndex(({ sent }) => sent === stem.sent) === place);
}
