/** What the steps and legs of a route are called while it runs, and where they stand in the configuration. */
import { basename } from 'node:path';
import type { BranchPart, RoutePart, StepPart } from '../config/configuration.ts';
import { positionOf } from '../config/problem.ts';

/** `orders.via[2] map` */
export function stepName(route: string, place: number, { plan }: StepPart): string {
  return `${route}.via[${place}] ${plan.use}`;
}

/** `orders → archive` */
export function legName(route: string, { plan }: BranchPart): string {
  return `${route} → ${plan.to}`;
}

/**
 * `araldo.yaml:31:13` for the name of a step or leg, or the path of its keys where there is no file. What stands within
 * a step is where that step is, anything else where the route is.
 */
export function placesOf({ plan, steps, branches, place }: RoutePart): (at: string) => string | undefined {
  const places = new Map([
    ...branches.map((branch) => [legName(plan.name, branch), branch.place] as const),
    ...steps.map((step, index) => [stepName(plan.name, index, step), step.place] as const),
  ]);
  return (at) => {
    const holder = [...places.keys()].find((name) => at.startsWith(`${name} `)) ?? '';
    const { file, ...found } = places.get(at) ?? places.get(holder) ?? place;
    // Whoever reads it need not know the folders of this machine.
    const position = positionOf({ ...found, ...(file !== undefined && { file: basename(file) }) });
    return position === '' ? found.path : position;
  };
}
