/** `ack: first` of a route: one of its sinks is enough. What that comes to, and where it comes to nothing. */
import { isLossy } from '../../core/overflow.ts';
import type { BranchPart, RoutePart, TargetPart } from '../configuration.ts';
import { listOf } from '../fields.ts';
import { type Loss, lossesBesidesLeg, lossesOf } from './losses.ts';
import type { Pair } from './pair.ts';

/** The sinks of a route, as its legs reach them. */
export interface Targets {
  readonly branches: readonly BranchPart[];
  readonly targets: readonly TargetPart[] | undefined;
}

/** What gets each message: a leg, or several of which one does. */
export function targetsOf({ branches, targets }: Targets): readonly (readonly BranchPart[])[] {
  if (targets === undefined) return branches.map((branch) => [branch]);
  return targets.map(({ plan }) => {
    const places = typeof plan === 'number' ? [plan] : plan.legs;
    return places.flatMap((place) => branches[place] ?? []);
  });
}

/** Whether a leg keeps a message until its sink, or its disk, has it: others cannot say that anybody has it. */
export function keeps({ plan }: BranchPart): boolean {
  return !isLossy(plan.overflow);
}

/** Whether one of several may be the first: with fewer than two that say so, `first` is what `all` is. */
export function acksFirst(route: RoutePart): boolean {
  return route.plan.ack === 'first' && targetsOf(route).filter((legs) => legs.some(keeps)).length > 1;
}

/** What is lost of a leg when another is the first. */
export function lossesToFirst({ route, leg, sink }: Pair): readonly Loss[] {
  if (!acksFirst(route) || !keeps(leg)) return [];
  const { name } = sink.plan;
  return [
    {
      text:
        'a message is acknowledged as soon as another sink has it (ack: first): when araldo stops hard, what waits in ' +
        `the leg to ${name} is gone`,
      cure: 'write ack: all',
      place: route.place,
    },
  ];
}

/** A sentence; nothing where a message waits for all of its sinks. */
export function firstOf(route: RoutePart, pairs: readonly Pair[]): string | undefined {
  if (!acksFirst(route)) return undefined;
  const names = [...new Set(route.branches.filter(keeps).map(({ plan }) => plan.to))];
  const them = names.length === 1 ? `the legs to ${names[0]}` : listOf(names);
  return lossesOfRoute(route, pairs).length === 0
    ? `each message comes at least once to one of ${them}: it is acknowledged when the first has it (ack: first)`
    : `a message is acknowledged when the first of ${them} has it (ack: first)`;
}

/**
 * The ways in which a message comes to no sink that it is for. Under `first` one sink is enough, so a leg that may
 * lose messages loses none that come to one which keeps them as well.
 */
export function lossesOfRoute(route: RoutePart, pairs: readonly Pair[]): readonly Loss[] {
  if (!acksFirst(route)) return pairs.flatMap(lossesOf);
  const isKept = targetsOf(route).some(
    (legs) => legs.every(keeps) && legs.some(({ when }) => when === undefined),
  );
  return pairs.flatMap((pair) => (isKept && !keeps(pair.leg) ? lossesBesidesLeg(pair) : lossesOf(pair)));
}
