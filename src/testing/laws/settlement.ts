/** Laws 9, 10 and 11: each message is settled once and well, and not before all who must have it have it. */
import type { Configuration } from '../../config/configuration.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { Sent } from '../sent.ts';
import type { Stem } from '../whereabouts.ts';
import {
  acksFirst,
  branchesByLeg,
  copyOf,
  type EventOf,
  isKeeping,
  isMeant,
  legName,
  nameOf,
  sharingByLeg,
} from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

export const settlement: RunLaw = {
  number: 9,
  name: 'single settlement',
  sentence: 'every message is settled once, after all that came of it, with the worst status among them',
  examine: unsound,
};

export const noEarlyAck: RunLaw = {
  number: 10,
  name: 'no early ack',
  sentence:
    'a message is acked at its source only when every leg that keeps messages has it confirmed, or one under ack: first',
  examine: (played) => ackedEarly(played),
};

export const floor: RunLaw = {
  number: 11,
  name: 'floor',
  sentence: 'a cumulative commit covers no unsettled message, and never goes back',
  examine: sunken,
};

function unsound(played: Played): string | undefined {
  const { configuration } = played.relay;
  const { plan } = configuration;
  const settled = new Set<string>();
  /** Which copies of a delivery were given back, and where. */
  const nacked = new Map<string, Map<string, string>>();
  /** Under `ack: first`, copies that some sink has: what others give back is no matter. */
  const had = new Set<string>();
  const hasIt = (event: EventOf<'confirmed' | 'offered'>): void => {
    for (const stem of event.of) had.add(`${event.route} ${nameOf(event)} ${deliveryOf(stem)}`);
  };
  const onDisk = spillingLegs(configuration);
  for (const event of played.relay.events) {
    switch (event.kind) {
      case 'over-settled':
        return `${event.place} settles ${event.id} more often than it has obligations`;
      case 'settled-again':
        return `${event.endpoint} is told of ${event.lane}:${event.position} twice`;
      case 'settled': {
        const delivery = deliveryOf(event);
        if (settled.has(delivery)) return `${event.sent.id} is settled twice`;
        settled.add(delivery);
        const given = [...(nacked.get(delivery) ?? [])].find(([copy]) => !had.has(copy));
        if (event.status === 'ack' && given !== undefined) {
          return `${event.sent.id} is acked, though it was given back in ${given[1]}`;
        }
        break;
      }
      case 'confirmed':
        if (acksFirst(configuration, event.route)) hasIt(event);
        break;
      case 'failed':
        if (plan.routes[event.route]?.onError !== 'nack' || !event.isOwed) break;
        for (const stem of event.of) {
          const given = nacked.get(deliveryOf(stem)) ?? new Map<string, string>();
          nacked.set(deliveryOf(stem), given);
          given.set(`${event.route} ${nameOf(event)} ${deliveryOf(stem)}`, event.place);
        }
        break;
      case 'discarded':
        // What is given up on its way is given up with what had become of it.
        if (!isMeant(event, configuration)) break;
        for (const stem of event.of) nacked.delete(deliveryOf(stem));
        break;
      case 'offered':
        if (acksFirst(configuration, event.route) && onDisk.has(event.leg)) hasIt(event);
        for (const stem of event.of) {
          if (!settled.has(deliveryOf(stem)) || isOpaque(played, event.route)) continue;
          // The sinks before it were told, and had it, before it was its turn.
          if (acksFirst(configuration, event.route)) continue;
          return `${event.leg} is offered ${event.id} after ${stem.sent.id} was settled`;
        }
        break;
      default:
        break;
    }
  }
  return undefined;
}

/** Legs that have what is on their disk, by name. */
function spillingLegs({ plan }: Configuration): ReadonlySet<string> {
  const legs = Object.values(plan.routes).flatMap(({ name, to }) =>
    to.filter(({ overflow }) => isOnDisk(overflow)).map((branch) => legName(name, branch)),
  );
  return new Set(legs);
}

function deliveryOf({ sent, delivery }: Stem): string {
  return `${sent.id} ${delivery}`;
}

/** Whether a route has a step that takes messages without keeping their obligations. */
function isOpaque({ relay }: Played, route: string): boolean {
  const steps = relay.configuration.routes.get(route)?.steps ?? [];
  return steps.some(({ definition }) => definition.kind === 'rx' && definition.obligations === 'opaque');
}

/** What became of the copies of a message that were offered to one leg. */
interface Copies {
  /** With the delivery at which it was offered last. */
  readonly offered: Map<string, number>;
  readonly done: Set<string>;
  /** Of those done, what a sink or the disk of the leg has. */
  readonly had: Set<string>;
}

/**
 * Over all deliveries, also those before a crash: a step that lets a message pass, and discards it when it comes
 * again, has it acked though no sink has it. `spill` legs are done when they have it: it is on their disk.
 */
export function ackedEarly(played: Played): string | undefined {
  const { configuration, events } = played.relay;
  const branches = branchesByLeg(configuration);
  const onDisk = spillingLegs(configuration);
  const sharing = sharingByLeg(configuration);
  const copies = new Map<Sent, Map<string, Copies>>();
  /** What comes again may be joined with others than before, and its parts have other names then. */
  const joined = new Set<Sent>();
  const ends = new Map<Sent, RelayEvent>();
  const at = (sent: Sent, leg: string): Copies => {
    const legs = copies.get(sent) ?? new Map<string, Copies>();
    copies.set(sent, legs);
    const found = legs.get(leg) ?? {
      offered: new Map<string, number>(),
      done: new Set<string>(),
      had: new Set<string>(),
    };
    legs.set(leg, found);
    return found;
  };

  const have = (sent: Sent, event: EventOf<'offered' | 'confirmed'>): void => {
    const { done, had } = at(sent, event.leg);
    done.add(copyOf(event, sent));
    had.add(copyOf(event, sent));
  };

  /** What fails before the legs is decided for all of them. */
  const decide = (sent: Sent, event: EventOf<'failed'>): void => {
    if (branches.has(event.place)) {
      at(sent, event.place).done.add(copyOf(event, sent));
      return;
    }
    for (const [leg, { offered, done }] of copies.get(sent) ?? []) {
      if (leg.startsWith(`${event.route} → `)) for (const copy of offered.keys()) done.add(copy);
    }
  };

  for (const event of events) {
    switch (event.kind) {
      case 'offered': {
        const branch = branches.get(event.leg);
        const isKept = branch !== undefined && isKeeping(branch);
        for (const { sent, delivery } of event.of) {
          if (event.of.length > 1) joined.add(sent);
          const { offered, done } = at(sent, event.leg);
          const copy = copyOf(event, sent);
          // What a leg may lose is done when that leg has it, also for those that were offered it before.
          if (!isKept) done.add(copy);
          else if (!isOpaque(played, event.route)) offered.set(copy, delivery);
          if (onDisk.has(event.leg)) have(sent, event);
        }
        break;
      }
      case 'confirmed':
        for (const { sent } of event.of) have(sent, event);
        break;
      case 'failed':
        // Discarded, or given to the dead letters: its route has decided. Given back is not decided.
        if (configuration.plan.routes[event.route]?.onError === 'nack') break;
        for (const { sent } of event.of) decide(sent, event);
        break;
      case 'discarded':
        for (const { sent } of event.of) ends.set(sent, event);
        break;
      case 'settled':
        if (event.status !== 'ack') break;
        for (const [leg, { offered, done }] of copies.get(event.sent) ?? []) {
          const isOfThisAlone = joined.has(event.sent) && isOfferedAt(event, leg, copies.get(event.sent));
          const missing = [...offered.keys()].find(
            (copy) =>
              !done.has(copy) &&
              !(isOfThisAlone && offered.get(copy) !== event.delivery) &&
              !isHadElsewhere(copy, leg, event.sent, played, copies) &&
              !isDoneInStead(copy, sharing.get(leg)?.others, copies.get(event.sent)),
          );
          if (missing === undefined) continue;
          const end = ends.get(event.sent);
          if (end?.kind === 'discarded' && isMeant(end, configuration)) continue;
          return `${event.sent.id} is acked, and ${leg} never got ${missing} confirmed${because(end)}`;
        }
        break;
      default:
        break;
    }
  }
  return undefined;
}

/** Whether any leg of the same route was offered this delivery of a message. */
function isOfferedAt(
  { delivery }: EventOf<'settled'>,
  leg: string,
  copies: ReadonlyMap<string, Copies> | undefined,
): boolean {
  const route = leg.slice(0, leg.lastIndexOf(' → '));
  const legs = [...(copies ?? [])].filter(([other]) => other.startsWith(`${route} → `));
  return legs.some(([, { offered }]) => [...offered.values()].includes(delivery));
}

function isOnDisk(overflow: string): boolean {
  return overflow === 'spill';
}

function because(end: RelayEvent | undefined): string {
  if (end?.kind !== 'discarded') return '';
  return `: ${end.place} drops it (${end.reason}) on delivery ${end.of[0]?.delivery ?? 1}`;
}

/** Under `ack: first` one sink of the route is enough. */
function isHadElsewhere(
  copy: string,
  leg: string,
  sent: Sent,
  { relay }: Played,
  copies: ReadonlyMap<Sent, ReadonlyMap<string, Copies>>,
): boolean {
  const route = leg.slice(0, leg.lastIndexOf(' → '));
  if (!acksFirst(relay.configuration, route)) return false;
  const legs = [...(copies.get(sent) ?? [])];
  return legs.some(([other, { had }]) => other.startsWith(`${route} → `) && had.has(copy));
}

/** A message that comes again may have another of the legs that share it. */
function isDoneInStead(
  copy: string,
  others: readonly string[] = [],
  copies: ReadonlyMap<string, Copies> | undefined,
): boolean {
  return others.some((other) => copies?.get(other)?.done.has(copy) === true);
}

function sunken(played: Played): string | undefined {
  const done = new Map<string, Set<number>>();
  const floors = new Map<string, number>();
  for (const event of played.relay.events) {
    if (event.kind === 'killed') {
      done.clear();
      floors.clear();
    }
    if (event.kind === 'down') {
      for (const line of [...done.keys()]) {
        if (!line.startsWith(`${event.endpoint} `)) continue;
        done.delete(line);
        floors.delete(line);
      }
    }
    if (event.kind !== 'settled') continue;
    const line = `${event.sent.endpoint} ${event.lane}`;
    const positions = done.get(line) ?? new Set<number>();
    done.set(line, positions);
    positions.add(event.position);
    if (event.floor === undefined) continue;
    const before = floors.get(line) ?? -1;
    if (event.floor < before) return `the floor of ${line} falls from ${before} to ${event.floor}`;
    for (let position = before + 1; position <= event.floor; position += 1) {
      if (!positions.has(position))
        return `the floor of ${line} at ${event.floor} covers unsettled ${position}`;
    }
    floors.set(line, event.floor);
  }
  return undefined;
}
