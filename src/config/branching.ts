/** Steps within the options of a step: read like those of a route, and put in the place of what was written. */
import type { Branching, Step } from '../core/operator.ts';
import type { StepPart } from './configuration.ts';
import type { StepBranch } from './plan.ts';
import { normalStep } from './step-form.ts';
import type { MapNode, Node } from './tree.ts';

/** What stands within a step's options, in the three forms in which it is needed. */
export interface Branches {
  /** For `create`: the options with steps where lists were. */
  readonly options: unknown;
  /** For the plan: the same with each step in its normal form. */
  readonly plain: unknown;
  readonly plan: readonly StepBranch[];
  readonly inner: readonly StepPart[];
}

/** @param read reads a list of steps, and reports what is wrong there. */
export async function readBranching(
  branching: Branching,
  options: unknown,
  plain: unknown,
  node: Node,
  read: (node: Node) => Promise<readonly StepPart[]>,
): Promise<Branches> {
  const { list, steps, label } = branching;
  const entries = node.kind === 'map' ? node.entries.get(list)?.value : undefined;
  const parts: (readonly StepPart[])[] = [];
  for (const entry of entries?.kind === 'list' ? entries.items : []) {
    const own = (entry as MapNode).entries.get(steps)?.value;
    parts.push(own === undefined ? [] : await read(own));
  }
  const written = entriesOf(plain, list);
  const rest = branching.rest?.(options);
  return {
    options: replaced(options, list, steps, (place) => (parts[place] ?? []).map(stepOfPart)),
    plain: replaced(plain, list, steps, (place) => (parts[place] ?? []).map(({ plan }) => normalStep(plan))),
    plan: [
      ...parts.map((own, place) => ({
        label: textOf(written[place]?.[label]),
        via: own.map(({ plan }) => plan),
      })),
      ...(rest === undefined ? [] : [{ label: rest, via: [] }]),
    ],
    inner: parts.flat(),
  };
}

function stepOfPart({ plan, definition, options }: StepPart): Step {
  return { use: plan.use, definition, options };
}

type Entry = Readonly<Record<string, unknown>>;

/** The schema of the step has seen that there is a list of maps. */
function entriesOf(options: unknown, list: string): readonly Entry[] {
  return (options as Readonly<Record<string, readonly Entry[]>>)[list] ?? [];
}

function replaced(
  options: unknown,
  list: string,
  steps: string,
  of: (place: number) => readonly unknown[],
): unknown {
  const entries = entriesOf(options, list).map((entry, place) => ({ ...entry, [steps]: of(place) }));
  return { ...(options as Entry), [list]: entries };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}
