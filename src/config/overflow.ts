/** `overflow`, `buffer` and `key` of a leg, a route or the defaults, in their short and long forms. */
import type { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { type Overflow, overflows } from '../core/overflow.ts';
import { compileValue } from '../expression/expression.ts';
import { parseDuration } from '../options/duration.ts';
import {
  bytesReader,
  checkKeys,
  expected,
  integerReader,
  isSize,
  oneOf,
  readKey,
  readRequired,
  readText,
  reportThrown,
  suggestionFor,
} from './fields.ts';
import { bufferKeys, overflowKeys, sampleKeys, spillKeys } from './keys.ts';
import type { Problems } from './problem.ts';
import { readSpill, type SpillSpec } from './spill.ts';
import type { MapNode, Node } from './tree.ts';

/** What is stated; nothing of it is filled in. */
export interface OverflowSpec {
  readonly policy?: StatedPolicy | undefined;
  readonly messages?: number | undefined;
  readonly bytes?: number | undefined;
  readonly key?: KeyExpression | undefined;
  /** That of `sample`, where it is sound. */
  readonly everyMs?: number | undefined;
  readonly spill?: SpillSpec | undefined;
}

export interface StatedPolicy {
  readonly value: Overflow;
  readonly node: Node;
}

export interface KeyExpression {
  readonly text: string;
  readonly node: Node;
  readonly of: (message: Message) => unknown;
}

/** A ring of more would be an array that V8 keeps as a dictionary. */
export const MAX_BUFFER_MESSAGES = 16_777_216;
export const MAX_BUFFER_BYTES: number = 2 ** 40;

const LONGEST_PERIOD_MS: number = 24 * 3_600_000;

const messagesReader = integerReader(1, MAX_BUFFER_MESSAGES);
const bytesOf = bytesReader(1, MAX_BUFFER_BYTES);

/** Keys of the long form, where a policy has more than others. */
const keysOf: Partial<Readonly<Record<Overflow, readonly string[]>>> = {
  sample: sampleKeys,
  spill: spillKeys,
};

/** What the short form leaves out that the policy needs. */
const incomplete: Partial<Readonly<Record<Overflow, string>>> = {
  sample: 'expected {policy: sample, every: 100ms}, found no time between two messages',
  spill: 'expected {policy: spill, path: …}, found no path of a file for the messages',
};

/** One policy is known, and belongs elsewhere. */
const ofPeers: string =
  `expected ${oneOf(overflows)}, found disconnect: it is what one peer meets that is too slow, and stands with the ` +
  'endpoint (peer: { overflow: disconnect }); a leg has no peer to disconnect, so for one write drop-oldest';

/** Reads the three keys of `map`; the long form of `overflow` may hold the other two, and those of its policy. */
export function readOverflow(map: MapNode, problems: Problems): OverflowSpec {
  const node = map.entries.get('overflow')?.value;
  const beside = { ...readBuffer(map, problems), key: readKey(map, 'key', problems, readKeyExpression) };
  if (node === undefined) return beside;
  if (node.kind !== 'map') {
    const policy = readPolicy(node, problems);
    const missing = policy === undefined ? undefined : incomplete[policy.value];
    if (missing !== undefined) problems.report('missing-key', node, missing);
    return { ...beside, policy };
  }

  const policy = readRequired(node, 'policy', problems, `a policy (${oneOf(overflows)})`, readPolicy);
  // Keys of a policy that this version does not have would all be unknown.
  const isLater = policy === undefined && node.entries.has('policy');
  const known = policy === undefined ? overflowKeys : (keysOf[policy.value] ?? overflowKeys);
  if (!isLater) checkKeys(node, { of: 'overflow', known }, problems);
  for (const key of ['buffer', 'key']) {
    const twice = map.entries.get(key);
    if (twice === undefined || !node.entries.has(key)) continue;
    problems.report('invalid-value', twice.key, `expected ${key} once, found it here and within overflow`);
  }
  const within = {
    ...readBuffer(node, problems),
    key: readKey(node, 'key', problems, readKeyExpression) ?? beside.key,
    ...(policy?.value === 'spill' ? { spill: readSpill(node, problems) } : {}),
    ...(policy?.value === 'sample' ? { everyMs: readEvery(node, problems) } : {}),
  };
  return { ...beside, ...within, policy };
}

/** How long a period is. */
function readEvery(map: MapNode, problems: Problems): number | undefined {
  const what = 'the time between two messages of a key, such as 100ms';
  return readRequired(map, 'every', problems, what, (node) => {
    try {
      if (node.kind === 'scalar') return parseDuration(node.value, { min: 1, max: LONGEST_PERIOD_MS });
    } catch (thrown) {
      reportThrown(thrown, node, problems, 'invalid-value');
      return undefined;
    }
    return expected(what, node, problems);
  });
}

function readPolicy(node: Node, problems: Problems): StatedPolicy | undefined {
  const word = node.kind === 'scalar' ? node.value : undefined;
  const value = overflows.find((policy) => policy === word);
  if (value !== undefined) return { value, node };
  if (word === 'disconnect') problems.report('invalid-value', node, ofPeers);
  else expected(oneOf(overflows), node, problems, suggestionFor(node, overflows));
  return undefined;
}

/** `1024` is messages, `16MiB` bytes, `{messages, bytes}` both. */
function readBuffer(map: MapNode, problems: Problems): Pick<OverflowSpec, 'messages' | 'bytes'> {
  const node = map.entries.get('buffer')?.value;
  if (node === undefined) return {};
  if (node.kind === 'map') {
    checkKeys(node, { of: 'buffer', known: bufferKeys }, problems);
    const messages = readKey(node, 'messages', problems, messagesReader);
    const bytes = readKey(node, 'bytes', problems, bytesOf);
    return { ...(messages === undefined ? {} : { messages }), ...(bytes === undefined ? {} : { bytes }) };
  }
  if (isSize(node)) return { bytes: bytesOf(node, problems) };
  if (node.kind === 'scalar' && typeof node.value === 'number') {
    return { messages: messagesReader(node, problems) };
  }
  expected('messages (1024), bytes (16MiB) or {messages, bytes}', node, problems);
  return {};
}

/** What is missing in a message gives no key, and all messages without one share one. */
export function readKeyExpression(node: Node, problems: Problems): KeyExpression | undefined {
  const text = readText(node, problems, 'an expression such as payload.id');
  if (text === undefined) return undefined;
  let value: (message: Message) => unknown;
  try {
    value = compileValue(text);
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'invalid-expression');
    return undefined;
  }
  const of = (message: Message): unknown => {
    try {
      return value(message);
    } catch (thrown) {
      if ((thrown as AraldoError).code === 'expression-failed') return undefined;
      throw thrown;
    }
  };
  return { text, node, of };
}

/** The first that states a thing decides it: a leg before its route, the route before the defaults. */
export function firstOf<K extends keyof OverflowSpec>(
  key: K,
  ...specs: readonly OverflowSpec[]
): OverflowSpec[K] | undefined {
  return specs.find((spec) => spec[key] !== undefined)?.[key];
}
