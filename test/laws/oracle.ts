// The oracle: all that is seen from outside the engine goes in, and what breaks a law comes out. Plain arrays and
// counters; it knows nothing of src/core but what transports, steps and users of a route can see.

import type { Status } from '../../src/core/message.ts';
import { type ChoiceModel, createChoiceModel } from './choice-model.ts';
import { createFirstModel } from './first-model.ts';
import { createLegModel, type LegFigures, type LegModel } from './leg-model.ts';
import { createReader, type Reader } from './payload.ts';
import { createSettlement, type Report, type Settlement } from './settlement.ts';
import { createStages, type Stages } from './stages.ts';
import { isChosen, type Topology } from './topology.ts';

/** What broke, by the number of the law. 0: the engine threw. */
export interface Breach {
  readonly law: number;
  readonly text: string;
}

export interface Oracle {
  readonly read: Reader;
  readonly sources: Settlement;
  readonly routes: readonly RouteOracle[];
  readonly report: Report;
}

/** What a route says of itself, through its port. */
export interface RouteFigures {
  readonly claimed: number;
  readonly made: number;
  readonly discarded: number;
  readonly failed: number;
}

export interface RouteOracle {
  readonly stages: Stages;
  readonly legs: readonly LegModel[];
  /** A source gave the route its own copy of a message. */
  claimed(payload: string): void;
  /** A message has passed all steps. */
  fannedOut(payload: string): void;
  /** A leg is about to be offered a message. Says whether it is acked right now. */
  offered(leg: number, payload: string, isFiltered: boolean): void;
  confirmed(leg: number, payload: string): void;
  /** A leg's sink refused a message for the last time, and its route settles it with `status`. */
  refused(leg: number, payload: string, status: Status): void;
  /** A leg under the policy `error` had no room for a message. */
  overflowed(payload: string, status: Status): void;
  /** A message ended inside the steps. */
  ended(payload: string, ending: string, status: Status): void;
  inspect(figures: RouteFigures, legs: readonly LegFigures[], holds: Holds): void;
  atRest(figures: RouteFigures, legs: readonly LegFigures[]): void;
}

/** Whether the leg of that place holds the source of that place. */
export type Holds = (leg: number, source: number) => boolean;

export interface Surroundings {
  /** Virtual time, in milliseconds. */
  now(): number;
  isUp(sink: number): boolean;
}

export function createOracle(topology: Topology, report: Report, { now, isUp }: Surroundings): Oracle {
  const read = createReader();
  const sources = createSettlement(topology.sources, read, report);
  const routes = topology.routes.map((spec, place): RouteOracle => {
    const name = `route ${place}`;
    const stages = createStages(name, spec, read, report);
    const legs: LegModel[] = spec.to.map((branch, leg) =>
      createLegModel(`leg ${place}.${leg}`, branch, read, report, {
        now,
        // Those that share the messages out hold their sources together, unless each has keys of its own.
        alternates: () =>
          isChosen(spec, leg) && spec.choice?.kind !== 'hash'
            ? legs.filter((_, other) => other !== leg && isChosen(spec, other))
            : [],
      }),
    );
    const chosen = legs.filter((_, leg) => isChosen(spec, leg));
    const choice: ChoiceModel | undefined =
      spec.choice &&
      createChoiceModel(name, spec.choice, chosen, (leg) => isUp(spec.to[leg]?.to ?? 0), read, report);
    const targets = legs.length - Math.max(0, chosen.length - 1);
    /** What came to the fan-out, and how far each leg has been offered it. */
    const order: string[] = [];
    const offers = legs.map(() => 0);
    let claimed = 0;
    let ended = 0;
    /** Refused by the policy `error`, and not failed yet. */
    const refusals: string[] = [];

    const first = spec.acksFirst && targets > 1 ? createFirstModel(targets, sources) : undefined;

    /** A leg has done with a message. */
    const endAtLeg = (payload: string, status: Status): void => {
      if (first === undefined) sources.ended(payload, status);
      else first.ended(payload, status);
    };

    /** A `pause` leg has a message, or has it no more: then it must not be acked, unless another may be the first. */
    const waits = (payload: string, change: 1 | -1): void => {
      if (first === undefined) sources.waits(payload, change);
    };

    const inside = ({ claimed, made, discarded, failed }: RouteFigures): number =>
      claimed + made - discarded - failed - order.length;

    return {
      stages,
      legs,

      claimed(payload) {
        claimed += 1;
        sources.retained(payload, 1);
      },

      fannedOut(payload) {
        order.push(payload);
        if (first === undefined) sources.retained(payload, targets - 1);
      },

      offered(leg, payload, isFiltered) {
        const model = legs[leg] as LegModel;
        const next = offers[leg] as number;
        const at = isChosen(spec, leg) ? order.indexOf(payload, next) : next;
        offers[leg] = at + 1;
        if (isChosen(spec, leg)) choice?.given(leg, at, payload);
        if (order[at] !== payload) {
          report(4, `leg ${place}.${leg} is offered ${payload}; next in the route's order is ${order[at]}`);
        }
        const fate = model.offered(payload, at, isFiltered);
        if (fate === 'filtered' || model.isLossy) endAtLeg(payload, 'ack');
        else if (fate === 'refused') refusals.push(payload);
        else if (model.waits) waits(payload, 1);
      },

      confirmed(leg, payload) {
        const model = legs[leg] as LegModel;
        model.confirmed(payload);
        if (model.isLossy) return;
        if (model.waits) waits(payload, -1);
        first?.confirmed(payload);
        endAtLeg(payload, 'ack');
      },

      refused(leg, payload, status) {
        const model = legs[leg] as LegModel;
        model.failed(payload);
        if (model.isLossy) return;
        if (model.waits) waits(payload, -1);
        endAtLeg(payload, status);
      },

      overflowed(payload, status) {
        if (refusals.pop() !== payload)
          report([8, 14], `${payload} is refused as leg-full, and there was room`);
        endAtLeg(payload, status);
      },

      ended(payload, ending, status) {
        if (ending !== 'too-many-deliveries') stages.ended(payload, ending);
        ended += 1;
        sources.ended(payload, status);
      },

      inspect(figures, legFigures, holds) {
        if (figures.claimed !== claimed) report(1, `${name}: claimed ${figures.claimed}, seen ${claimed}`);
        if (figures.discarded + figures.failed !== ended) {
          report(1, `${name}: ${figures.discarded} discarded + ${figures.failed} failed, seen ${ended}`);
        }
        if (inside(figures) < 0) report(1, `${name}: ${JSON.stringify(figures)} and ${order.length} went on`);
        for (const payload of refusals.splice(0)) report([1, 8], `${payload} was refused, and did not fail`);
        choice?.inspect(order.length);
        legs.forEach((model, leg) => {
          const seen = legFigures[leg] as LegFigures;
          if (!isChosen(spec, leg) && offers[leg] !== order.length) {
            report(4, `leg ${place}.${leg} was offered ${offers[leg]} of ${order.length} messages`);
          }
          model.inspect(seen, (source) => holds(leg, source));
        });
      },

      atRest(figures, legFigures) {
        const held = inside(figures);
        if (held !== 0) report([1, 12], `${name}: ${held} messages are inside the steps at rest`);
        stages.atRest();
        legs.forEach((model, leg) => model.atRest(legFigures[leg] as LegFigures));
      },
    };
  });
  return { read, sources, routes, report };
}
