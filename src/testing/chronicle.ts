/** Writes down what the joints of a relay tell, and keeps where each message is. */
import { Detached } from '../core/detached.ts';
import type { AraldoError, ErrorCode } from '../core/errors.ts';
import { type Holder, type Message, nowhere } from '../core/message.ts';
import type { Source } from '../core/source.ts';
import type { EndpointWitness } from './modelled-endpoint.ts';
import type { SinkWitness } from './modelled-sink.ts';
import type { Parcel, SourceWitness } from './modelled-source.ts';
import type { RelayEvent } from './relay-event.ts';
import type { Sent } from './sent.ts';
import type { RouteWitness } from './watched-route.ts';
import { createWhereabouts, type Stem, type Whereabouts } from './whereabouts.ts';

/** Emissions are entered and left as writes are. */
export interface Chronicle extends RouteWitness, EndpointWitness {
  /** Everything, from the beginning. Bounded by what the test does. */
  readonly events: readonly RelayEvent[];
  readonly whereabouts: Whereabouts;
  note(who: string, what: string): void;
  /** A message is poison for a step: the one in a place among all that is sent, or the next that comes to it. */
  poison(step: string, place: number | undefined): void;
  sent(sent: Sent, place: number): void;
  killed(): void;
  reloads(): void;
  settling(): void;
  /** A source emits; told before any route sees it. */
  emitted(source: Source, root: Message): void;
  /** What the outside world of an endpoint tells. */
  sourceOf(endpoint: string): SourceWitness;
  sinkOf(endpoint: string): SinkWitness;
  /** Listens to who holds a source. */
  watchHolders(source: Source): void;
}

export interface ChronicleOptions {
  readonly nowMs: () => number;
  /** Told of what a sink has received, to carry it on where an address closes a circle. */
  readonly onWritten: (endpoint: string, message: Message) => void;
  /** What a route does with failures, for who asks where a message is. */
  readonly stopsAt: (route: string) => boolean;
}

export function createChronicle({ nowMs, onWritten, stopsAt }: ChronicleOptions): Chronicle {
  const events: RelayEvent[] = [];
  const whereabouts = createWhereabouts();
  /** How deep emissions and writes stand within each other; one within one is no more than a route. */
  let depth = 0;
  /** The leg that was last offered a message, or whose sink has refused one. */
  let acting: { readonly leg: string; readonly id: string } | undefined;
  /** Steps that throw at what comes next, and what each has thrown at. */
  const poisoning = new Set<string>();
  const poisoned = new Map<string, Set<Sent>>();
  /** By the place of a message that is not sent yet. */
  const poisonous = new Map<number, string>();
  let deepest = 2;

  const write = (event: Untimed<RelayEvent>): void => {
    events.push({ ...event, atMs: nowMs() });
  };

  const about = (route: string, message: Message) => {
    const of = whereabouts.stemsOf(message);
    return { route, id: nameOf(message, of), of };
  };

  const routeOf = (leg: string): string => leg.split(/ [→⇢] /)[0] ?? leg;

  /** The leg that a message has failed in, if it was in one: what makes it fail comes right before. */
  const legOf = (route: string, { code }: AraldoError, { id }: Message): string | undefined => {
    if (!legErrors.has(code) || acting?.id !== id || routeOf(acting.leg) !== route) return undefined;
    return acting.leg;
  };

  const victimsOf = (step: string): Set<Sent> => {
    const victims = poisoned.get(step) ?? new Set<Sent>();
    poisoned.set(step, victims);
    return victims;
  };

  return {
    events,
    whereabouts,

    note(who, what) {
      write({ kind: 'noted', who, what });
    },

    poison(step, place) {
      if (place === undefined) poisoning.add(step);
      else poisonous.set(place, step);
    },

    isPoisoned(place, message) {
      const [stem] = whereabouts.stemsOf(message);
      if (stem === undefined) return false;
      const victims = victimsOf(place);
      if (poisoning.delete(place)) victims.add(stem.sent);
      return victims.has(stem.sent);
    },

    sent(sent, place) {
      const step = poisonous.get(place);
      if (step !== undefined) victimsOf(step).add(sent);
      write({ kind: 'sent', sent });
    },

    killed() {
      depth = 0;
      write({ kind: 'killed' });
    },

    reloads() {
      write({ kind: 'reloads' });
    },

    settling() {
      write({ kind: 'settling' });
    },

    enter() {
      depth += 1;
      if (depth > deepest) {
        deepest = depth;
        write({ kind: 'nested', depth });
      }
    },

    leave() {
      depth -= 1;
    },

    down(endpoint) {
      write({ kind: 'down', endpoint });
    },

    up(endpoint) {
      write({ kind: 'up', endpoint });
    },

    emitted({ gate }, root) {
      const [stem] = whereabouts.stemsOf(root);
      if (stem === undefined) return;
      const { sent, delivery } = stem;
      whereabouts.emitted(sent);
      write({
        kind: 'emitted',
        sent,
        delivery,
        holders: gate.holders,
        inFlight: gate.inFlight,
        window: gate.window,
      });
    },

    entered(place, message) {
      acting = undefined;
      whereabouts.entered(place, message);
      write({ kind: 'entered', place, payload: message.payload, ...about(routeOfStep(place), message) });
    },

    left(place, message) {
      whereabouts.left(place, message);
      write({ kind: 'left', place, payload: message.payload, ...about(routeOfStep(place), message) });
    },

    discarded(route, message, reason) {
      const place = whereabouts.placeIn(route, message) ?? route;
      whereabouts.ended(place, message);
      write({ kind: 'discarded', place, reason, ...about(route, message) });
    },

    failed(route, message, error) {
      const place = legOf(route, error, message) ?? whereabouts.placeIn(route, message) ?? route;
      whereabouts.ended(place, message);
      if (stopsAt(route)) whereabouts.entered(`${route} on-error: hold, after ${error.code}`, message);
      const isOwed = message.origin !== nowhere && !(message.origin instanceof Detached);
      write({
        kind: 'failed',
        place,
        error: `${error.code}: ${error.message}`,
        isOwed,
        ...about(route, message),
      });
    },

    overSettled(route, message) {
      const place = whereabouts.placeIn(route, message) ?? route;
      write({ kind: 'over-settled', place, ...about(route, message) });
    },

    offered({ name }, message) {
      acting = { leg: name, id: message.id };
      whereabouts.entered(name, message);
      write({ kind: 'offered', leg: name, payload: message.payload, ...about(routeOf(name), message) });
    },

    queued({ name, depth, depthBytes: bytes, isHolding }) {
      write({ kind: 'queued', leg: name, depth, bytes, isHolding });
    },

    filtered({ name }, message) {
      write({ kind: 'filtered', leg: name, ...about(routeOf(name), message) });
    },

    unready({ name }, message) {
      acting = { leg: name, id: message.id };
      write({ kind: 'unready', leg: name, ...about(routeOf(name), message) });
    },

    dropped({ name }, reason, count) {
      write({ kind: 'dropped', leg: name, reason, count });
    },

    sourceOf: (endpoint) => ({
      handed(parcel: Parcel, lane, position) {
        whereabouts.handed(parcel.sent, lane, position);
      },
      settled({ sent }, status, lane, root) {
        whereabouts.forget(sent);
        const { name, floor } = lane;
        write({
          kind: 'settled',
          sent,
          // The relay may have delivered it again by itself.
          delivery: root.meta.deliveries ?? 1,
          status,
          lane: name,
          position: root.sequence,
          floor: floor?.floor,
        });
      },
      settledAgain({ name }, position) {
        write({ kind: 'settled-again', endpoint, lane: name, position });
      },
      lost({ sent }, why) {
        whereabouts.forget(sent);
        write({ kind: 'lost', sent, why });
      },
      note: (what) => write({ kind: 'noted', who: endpoint, what }),
    }),

    sinkOf: (endpoint) => ({
      written(message, received) {
        const { leg } = received;
        write({ kind: 'written', endpoint, leg, received, ...about(routeOf(leg), message) });
        onWritten(endpoint, message);
      },
      confirmed(message, received) {
        const { leg } = received;
        whereabouts.left(leg, message);
        write({ kind: 'confirmed', endpoint, leg, received, ...about(routeOf(leg), message) });
      },
      refused(message, { leg }, reason) {
        acting = { leg, id: message.id };
        write({ kind: 'refused', endpoint, leg, reason, ...about(routeOf(leg), message) });
      },
      note: (what) => write({ kind: 'noted', who: endpoint, what }),
    }),

    watchHolders(source) {
      const { name, gate } = source;
      const hold = source.hold.bind(source);
      source.hold = (holder: Holder) => {
        if (!gate.holders.includes(holder.name)) {
          write({ kind: 'held', endpoint: name, holder: holder.name });
        }
        hold(holder);
      };
      const release = source.release.bind(source);
      source.release = (holder: Holder) => {
        if (gate.holders.includes(holder.name)) {
          write({ kind: 'released', endpoint: name, holder: holder.name });
        }
        release(holder);
      };
    },
  };
}

/** What can only go wrong in a leg, or on the way into one. */
const legErrors: ReadonlySet<ErrorCode> = new Set([
  'sink-rejected',
  'leg-full',
  'unmarshallable-payload',
  'expression-failed',
]);

type Untimed<Event> = Event extends RelayEvent ? Omit<Event, 'atMs'> : never;

/** `orders#1`, with what splitting added; `[orders#1 orders#2]` for a batch. */
function nameOf(message: Message, of: readonly Stem[]): string {
  const [first] = of;
  if (first === undefined) return message.id;
  if (of.length > 1) return `[${of.map(({ sent }) => sent.id).join(' ')}]`;
  const part = /(?:\/\d+)+$/.exec(message.id)?.[0] ?? '';
  return `${first.sent.id}${part}`;
}

/** Steps are named `orders.via[0] filter`. */
function routeOfStep(place: string): string {
  return place.slice(0, place.lastIndexOf('.via['));
}
