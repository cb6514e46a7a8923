/** Which messages come to a leg that is one of several, of which each message goes to one. */
import type { BranchPart, RoutePart } from '../configuration.ts';
import { listOf } from '../fields.ts';
import type { TargetPlan } from '../plan.ts';

/** The pattern that a leg is part of. */
export function patternOf(route: RoutePart, leg: BranchPart): Exclude<TargetPlan, number> | undefined {
  const place = route.branches.indexOf(leg);
  for (const { plan } of route.targets ?? []) {
    if (typeof plan !== 'number' && plan.legs.includes(place)) return plan;
  }
  return undefined;
}

/** A sentence; nothing where the leg gets every message of its route. */
export function shareOf(route: RoutePart, leg: BranchPart): string | undefined {
  const pattern = patternOf(route, leg);
  if (pattern === undefined) return undefined;
  const sinks = listOf(pattern.legs.map((place) => route.branches[place]?.plan.to ?? ''));
  switch (pattern.kind) {
    case 'round-robin':
      return `each message goes to one of ${sinks}, in turn; one that is down or full is left out`;
    case 'fallback':
      return `each message goes to the first of ${sinks} that is neither down nor full`;
    case 'hash':
      return `each message goes to one of ${sinks}, by ${pattern.key}; equal keys to the same one`;
    default:
      return pattern satisfies never;
  }
}
