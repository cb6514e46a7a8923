/** `to:` of a route: each entry a leg in front of one sink. */
import type { BranchPart } from './configuration.ts';
import type { ReadEndpoint } from './endpoint-reader.ts';
import { checkKeys, expected, readKey, readMap, readRequired } from './fields.ts';
import { branchKeys } from './keys.ts';
import { laterBranchKeys, laterPatterns, notAvailable } from './later.ts';
import { firstOf, type OverflowSpec, readOverflow } from './overflow.ts';
import { choosePolicy, type PolicyOptions } from './policy.ts';
import { both, type Predicate, readPredicate } from './predicate.ts';
import { type MapNode, missingSpot, type Node } from './tree.ts';
import type { Warn } from './warnings.ts';

export interface BranchOptions
  extends Pick<PolicyOptions, 'sources' | 'allowsLoss' | 'problems' | 'defaults'> {
  readonly readEndpoint: ReadEndpoint;
  /** The route's own. */
  readonly when: Predicate | undefined;
  readonly overflow: OverflowSpec;
  readonly warn: Warn;
}

/** More sinks than this in one route is a mistake: each costs a leg. */
export const MAX_BRANCHES = 1_000;

export function readBranches(route: MapNode, options: BranchOptions): readonly BranchPart[] {
  const { problems } = options;
  const to = route.entries.get('to')?.value;
  if (to === undefined) {
    problems.report('missing-key', missingSpot(route, 'to'), 'expected a list of sinks, found nothing');
    return [];
  }
  const items = to.kind === 'list' ? to.items : [to];
  if (items.length === 0) expected('at least one sink', to, problems);
  if (items.length > MAX_BRANCHES) expected(`at most ${MAX_BRANCHES} sinks`, to, problems);
  return items.slice(0, MAX_BRANCHES).flatMap((item) => readBranch(item, options) ?? []);
}

function readBranch(node: Node, options: BranchOptions): BranchPart | undefined {
  const { problems, readEndpoint, warn } = options;
  const map = longForm(node, options);
  if (map === undefined) return undefined;
  const sink = readRequired(map, 'to', problems, 'the name of a sink', (node) => readEndpoint(node, 'sink'));
  const own = readKey(map, 'when', problems, readPredicate);
  const overflow = readOverflow(map, problems);
  if (sink === undefined) return undefined;

  const when = both(options.when, own);
  const policy = choosePolicy({ ...options, branch: overflow, route: options.overflow });
  const key = firstOf('key', overflow, options.overflow);
  if (overflow.key !== undefined && policy.overflow !== 'latest') {
    warn(overflow.key.node.place, `only overflow: latest reads key, and this leg has ${policy.overflow}`);
  }
  const isKeyed = key !== undefined && policy.overflow === 'latest';
  return {
    plan: {
      to: sink.name,
      ...policy,
      ...(when === undefined ? {} : { when: when.text }),
      ...(isKeyed ? { key: key.text } : {}),
    },
    when: when?.of,
    key: isKeyed ? key.of : undefined,
    place: node.place,
  };
}

/** A string is the name of the sink. */
function longForm(node: Node, { problems }: BranchOptions): MapNode | undefined {
  if (node.kind === 'scalar') {
    const { place, length } = node;
    return {
      kind: 'map',
      entries: new Map([['to', { key: { place, length }, value: node }]]),
      place,
      length,
    };
  }
  const map = readMap(node, problems, 'the name of a sink, or a map with to:');
  for (const [name, { key }] of map?.entries ?? []) {
    const later = notAvailable(name, laterPatterns);
    if (later === undefined) continue;
    problems.report('not-available', key, later);
    return undefined;
  }
  if (map !== undefined) checkKeys(map, { of: 'a leg', known: branchKeys, later: laterBranchKeys }, problems);
  return map;
}
