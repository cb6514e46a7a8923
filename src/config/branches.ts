/** A sink of a route, with the leg in front of it. */
import { resolve } from 'node:path';
import { isKeyed } from '../core/overflow.ts';
import type { BranchPart } from './configuration.ts';
import type { ReadEndpoint } from './endpoint-reader.ts';
import { checkKeys, readKey, readMap, readRequired } from './fields.ts';
import { branchKeys } from './keys.ts';
import { firstOf, type OverflowSpec, readOverflow } from './overflow.ts';
import { choosePolicy, type PolicyOptions } from './policy.ts';
import { both, type Predicate, readPredicate } from './predicate.ts';
import { type RetrySpec, readRetry, retryPlan } from './retry.ts';
import type { MapNode, Node } from './tree.ts';
import type { Warn } from './warnings.ts';
import { fillsWindow } from './window-share.ts';

export interface BranchOptions
  extends Pick<PolicyOptions, 'sources' | 'allowsLoss' | 'problems' | 'defaults'> {
  readonly readEndpoint: ReadEndpoint;
  /** What paths are relative to. */
  readonly directory: string;
  /** The route's own. */
  readonly when: Predicate | undefined;
  readonly overflow: OverflowSpec;
  readonly retry: RetrySpec | undefined;
  readonly warn: Warn;
}

/** More sinks than this in one route is a mistake: each costs a leg. */
export const MAX_BRANCHES = 1_000;

export function readBranch(node: Node, options: BranchOptions): BranchPart | undefined {
  const { problems, readEndpoint, warn } = options;
  const map = longForm(node, options);
  if (map === undefined) return undefined;
  const sink = readRequired(map, 'to', problems, 'the name of a sink', (node) => readEndpoint(node, 'sink'));
  const own = readKey(map, 'when', problems, readPredicate);
  const overflow = readOverflow(map, problems);
  const stated = readKey(map, 'retry', problems, readRetry) ?? options.retry;
  if (sink === undefined) return undefined;

  const when = both(options.when, own);
  const policy = choosePolicy({
    ...options,
    branch: overflow,
    route: options.overflow,
    sink: { name: sink.name, capabilities: sink.endpoint?.capabilities },
  });
  const key = firstOf('key', overflow, options.overflow);
  const readsKey = isKeyed(policy.overflow);
  if (overflow.key !== undefined && !readsKey) {
    const text = `only overflow: latest and sample read key, and this leg has ${policy.overflow}`;
    warn(overflow.key.node.place, text);
  }
  const filled = fillsWindow(policy.overflow, policy.buffer.messages, options.sources);
  if (filled !== undefined) warn(node.place, filled);
  const retry = retryPlan(stated, sink.endpoint?.capabilities.sink);
  return {
    plan: {
      to: sink.name,
      ...policy,
      ...(when === undefined ? {} : { when: when.text }),
      ...(readsKey && key !== undefined ? { key: key.text } : {}),
      ...(retry === undefined ? {} : { retry }),
    },
    when: when?.of,
    key: readsKey ? key?.of : undefined,
    spill: policy.spill && { ...policy.spill, path: resolve(options.directory, policy.spill.path) },
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
  if (map !== undefined) checkKeys(map, { of: 'a leg', known: branchKeys }, problems);
  return map;
}
