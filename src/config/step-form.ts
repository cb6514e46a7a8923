/** The forms in which a step is written: `name`, `{name: options}`, `{use: name, with: options}`. */
import type { ReadContext } from './context.ts';
import { checkKeys, readKey, readMap, readText } from './fields.ts';
import { stepKeys } from './keys.ts';
import type { StepPlan } from './plan.ts';
import type { Node } from './tree.ts';

/** A step as it is written: what to use, and the options if there are any. */
export interface WrittenStep {
  readonly use: string;
  readonly useNode: Node;
  readonly options: Node | undefined;
}

/** `name`, `{name: options}` or `{use: name, with: options}`. */
export function writtenStep(node: Node, { problems }: ReadContext): WrittenStep | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    const use = readText(node, problems);
    return use === undefined ? undefined : { use, useNode: node, options: undefined };
  }
  const map = readMap(node, problems, 'a step such as filter: …, a name, or {use: ./step.ts, with: {…}}');
  if (map === undefined) return undefined;
  if (map.entries.has('use')) {
    checkKeys(map, { of: 'a step', known: stepKeys }, problems);
    const use = readKey(map, 'use', problems, (node) => readText(node, problems, 'an operator or a path'));
    const useNode = map.entries.get('use')?.value ?? map;
    return use === undefined ? undefined : { use, useNode, options: given(map.entries.get('with')?.value) };
  }
  const [entry, another] = map.entries;
  if (entry === undefined || another !== undefined) {
    const wrong = another?.[1].key ?? map;
    const suggestion =
      another === undefined ? undefined : `a - before ${another[0]} makes it a step of its own`;
    problems.report(
      'invalid-value',
      wrong,
      'expected one operator in a step, found ' + (another ? 'another key' : 'none'),
      { suggestion },
    );
    return undefined;
  }
  const [use, { key, value }] = entry;
  const useNode: Node = { kind: 'scalar', value: use, isPlain: true, ...key };
  return { use, useNode, options: given(value) };
}

/** The one form of a step that is printed: `use` and `with` only where the name of the operator cannot be the key. */
export function normalStep({ use, with: options }: StepPlan): unknown {
  if (options === null || options === undefined) return use;
  return /^[a-z][a-z-]*$/.test(use) && use !== 'use' ? { [use]: options } : { use, with: options };
}

/** `filter:` with nothing behind it is `filter`. */
function given(node: Node | undefined): Node | undefined {
  return node?.kind === 'scalar' && node.value === null ? undefined : node;
}
