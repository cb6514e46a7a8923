/** `to:` of a route: sinks that all get each message, and patterns of which one sink does. */
import { type BranchOptions, MAX_BRANCHES, readBranch } from './branches.ts';
import type { BranchPart, TargetPart } from './configuration.ts';
import { checkKeys, expected, readList, readRequired } from './fields.ts';
import { type Pattern, patternKeys, patterns } from './keys.ts';
import { readKeyExpression } from './overflow.ts';
import { type MapNode, missingSpot, type Node } from './tree.ts';

export interface Targets {
  /** All legs, in the order of the file. */
  readonly branches: readonly BranchPart[];
  /** Absent where each leg gets each message. */
  readonly targets: readonly TargetPart[] | undefined;
}

export function readTargets(route: MapNode, options: BranchOptions): Targets {
  const { problems } = options;
  const to = route.entries.get('to')?.value;
  if (to === undefined) {
    problems.report('missing-key', missingSpot(route, 'to'), 'expected a list of sinks, found nothing');
    return { branches: [], targets: undefined };
  }
  const items = to.kind === 'list' ? to.items : [to];
  if (items.length === 0) expected('at least one sink', to, problems);
  const branches: BranchPart[] = [];
  let targets: readonly TargetPart[] = [];

  /** The place of the leg, if the sink is sound. */
  const add = (node: Node): readonly number[] => {
    if (branches.length === MAX_BRANCHES) expected(`at most ${MAX_BRANCHES} sinks`, to, problems);
    if (branches.length >= MAX_BRANCHES) return [];
    const branch = readBranch(node, options);
    return branch === undefined ? [] : [branches.push(branch) - 1];
  };

  for (const item of items) {
    const pattern = patternOf(item);
    const found =
      pattern === undefined
        ? add(item).map((leg): TargetPart => ({ plan: leg, key: undefined }))
        : readPattern(item as MapNode, pattern, add, options);
    targets = [...targets, ...found];
  }
  const isPlain = targets.every(({ plan }) => typeof plan === 'number');
  return { branches, targets: isPlain ? undefined : targets };
}

function patternOf(node: Node): Pattern | undefined {
  if (node.kind !== 'map') return undefined;
  return patterns.find((pattern) => patternKeys[pattern].some((key) => node.entries.has(key)));
}

/** `{round-robin: [a, b]}`, `{fallback: [a, b]}` or `{hash: key, over: [a, b]}`; its sinks are those of any leg. */
function readPattern(
  map: MapNode,
  pattern: Pattern,
  add: (node: Node) => readonly number[],
  { problems }: BranchOptions,
): readonly TargetPart[] {
  checkKeys(map, { of: pattern, known: patternKeys[pattern] }, problems);
  const listKey = pattern === 'hash' ? 'over' : pattern;
  const list = readRequired(map, listKey, problems, 'a list of sinks', (node) =>
    readList(node, problems, 'a list of sinks'),
  );
  if (list !== undefined && list.items.length < 2) expected('at least two sinks', list, problems);
  const legs = (list?.items ?? []).flatMap((item) => {
    if (patternOf(item) === undefined) return add(item);
    return (
      expected('a sink, or a map with to:', item, problems, 'a pattern stands in the list of to: alone') ?? []
    );
  });
  if (pattern !== 'hash') return [{ plan: { kind: pattern, legs }, key: undefined }];

  const key = readRequired(map, 'hash', problems, 'an expression such as payload.id', readKeyExpression);
  return key === undefined ? [] : [{ plan: { kind: pattern, key: key.text, legs }, key: key.of }];
}
