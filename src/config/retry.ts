/** `retry` of a leg, or of a route for all its legs: how often, and how long between two tries. */
import type { SinkCapabilities } from '../core/endpoint.ts';
import type { PauseRange } from '../core/jitter.ts';
import { parseDuration } from '../options/duration.ts';
import { checkKeys, expected, integerReader, readFlag, readKey, reportThrown } from './fields.ts';
import { retryKeys } from './keys.ts';
import type { RetryPlan } from './plan.ts';
import type { Problems } from './problem.ts';
import type { Node } from './tree.ts';

/** What is stated; whether order is kept is the sink's to say otherwise. */
export interface RetrySpec extends PauseRange {
  readonly attempts: number;
  readonly inOrder?: boolean | undefined;
}

const ATTEMPTS = 5;
const BACKOFF: PauseRange = { minMs: 100, maxMs: 10_000 };

/** More tries than this are no bound. */
export const MAX_ATTEMPTS = 1_000;

/** A message that waits longer is no longer tried, it is forgotten about. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

const attemptsReader = integerReader(1, MAX_ATTEMPTS);

/** `5`, or `{attempts, backoff, in-order}`. */
export function readRetry(node: Node, problems: Problems): RetrySpec | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'number') {
    const attempts = attemptsReader(node, problems);
    return attempts === undefined ? undefined : { attempts, ...BACKOFF };
  }
  if (node.kind !== 'map') {
    return expected(`attempts (${ATTEMPTS}) or {attempts: ${ATTEMPTS}, backoff: 100ms..10s}`, node, problems);
  }
  checkKeys(node, { of: 'retry', known: retryKeys }, problems);
  return {
    attempts: readKey(node, 'attempts', problems, attemptsReader) ?? ATTEMPTS,
    ...(readKey(node, 'backoff', problems, readRange) ?? BACKOFF),
    inOrder: readKey(node, 'in-order', problems, readFlag),
  };
}

/** A sink that takes one message at a time keeps its order unless told otherwise; one that pipelines would wait. */
export function retryPlan(
  spec: RetrySpec | undefined,
  sink: SinkCapabilities | undefined,
): RetryPlan | undefined {
  if (spec === undefined || spec.attempts === 1) return undefined;
  const { attempts, minMs, maxMs, inOrder = sink?.pipelines === false } = spec;
  return { attempts, minMs, maxMs, inOrder };
}

/** `100ms..10s` */
function readRange(node: Node, problems: Problems): PauseRange | undefined {
  const [min, max, more] =
    node.kind === 'scalar' && typeof node.value === 'string' ? node.value.split('..') : [];
  if (min === undefined || max === undefined || more !== undefined) {
    return expected('the shortest and the longest pause, such as 100ms..10s', node, problems);
  }
  try {
    const [minMs = 0, maxMs = 0] = [min, max].map((text) =>
      parseDuration(text.trim(), { max: LONGEST_PAUSE_MS }),
    );
    if (minMs <= maxMs) return { minMs, maxMs };
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'invalid-value');
    return undefined;
  }
  return expected('the shorter pause first', node, problems, `${max.trim()}..${min.trim()}`);
}
