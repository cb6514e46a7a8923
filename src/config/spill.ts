/** The disk part of a leg under `overflow: spill`: where it lies, how large it may grow, and what it does then. */
import type { Capabilities } from '../core/endpoint.ts';
import { type SpillThen, spillThens } from '../core/spill.ts';
import type { RoutePart } from './configuration.ts';
import { bytesReader, readKey, readRequired, readText, wordReader } from './fields.ts';
import type { SpillPlan } from './plan.ts';
import type { Problems, Spot } from './problem.ts';
import type { MapNode, Node } from './tree.ts';

/** What is stated. */
export interface SpillSpec {
  /** Missing or wrong, it is reported already. */
  readonly path: string | undefined;
  readonly max: number | undefined;
  readonly then: { readonly value: SpillThen; readonly node: Node } | undefined;
}

export interface SpillPlanOptions {
  readonly spec: SpillSpec | undefined;
  /** Where the policy is stated. */
  readonly policy: Spot;
  /** A source that cannot be held, where its route does not admit the loss. */
  readonly restless: string | undefined;
  readonly sink: { readonly name: string; readonly capabilities: Capabilities | undefined };
  readonly problems: Problems;
}

const MAX: number = 2 ** 30;
const maxReader = bytesReader(1, 2 ** 40);
const thenReader = wordReader(spillThens);

/** Reads the keys that a map with `policy: spill` has besides others. */
export function readSpill(map: MapNode, problems: Problems): SpillSpec {
  const what = 'the path of a file for the messages, such as data/archive.db';
  return {
    path: readRequired(map, 'path', problems, what, (node) => readText(node, problems, what)),
    max: readKey(map, 'max', problems, maxReader),
    then: readKey(map, 'then', problems, (node) => {
      const value = thenReader(node, problems);
      return value === undefined ? undefined : { value, node };
    }),
  };
}

/** What a leg gets; nothing where that is reported as a problem. */
export function spillPlan(options: SpillPlanOptions): SpillPlan | undefined {
  const { spec, policy, restless, sink, problems } = options;
  if (sink.capabilities?.sink?.carries === 'values') {
    problems.report(
      'unkeepable-policy',
      policy,
      `expected a sink that is sent bytes, found spill in front of ${sink.name}: it takes values as they are, ` +
        'which have no form on disk; use another policy',
    );
  }
  if (spec?.then?.value === 'pause' && restless !== undefined) {
    problems.report(
      'unkeepable-policy',
      spec.then.node,
      `expected what ${restless} can keep, found pause: ${restless} cannot pause, and its messages would be lost ` +
        'before they come here; write then: drop-oldest (or drop-newest, error), ' +
        'or admit the loss with allow-upstream-loss: true in the route',
    );
  }
  if (spec?.path === undefined) return undefined;
  const then = spec.then?.value ?? (restless === undefined ? 'pause' : 'drop-oldest');
  return { path: spec.path, max: spec.max ?? MAX, then };
}

/** Each leg needs a file of its own: two would mix their messages. */
export function checkSpillFiles(routes: ReadonlyMap<string, RoutePart>, problems: Problems): void {
  const owners = new Map<string, string>();
  for (const { plan, branches } of routes.values()) {
    for (const { spill, plan: branch, place } of branches) {
      if (spill === undefined) continue;
      const leg = `${plan.name} → ${branch.to}`;
      const owner = owners.get(spill.path);
      owners.set(spill.path, owner ?? leg);
      if (owner === undefined) continue;
      const text = `expected a file for each leg, found ${branch.spill?.path} for ${leg} and for ${owner}`;
      problems.report('duplicate-name', { place, length: 1 }, text);
    }
  }
}
