/** `overflow`, `buffer` and `key` of a leg, a route or the defaults, in their short and long forms. */
import type { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { type Overflow, overflows } from '../core/overflow.ts';
import { compileValue } from '../expression/expression.ts';
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
import { bufferKeys, overflowKeys, spillKeys } from './keys.ts';
import { laterPolicies, notAvailable } from './later.ts';
import type { Problems } from './problem.ts';
import { readSpill, type SpillSpec } from './spill.ts';
import type { MapNode, Node } from './tree.ts';

/** What is stated; nothing of it is filled in. */
export interface OverflowSpec {
  readonly policy?: StatedPolicy | undefined;
  readonly messages?: number | undefined;
  readonly bytes?: number | undefined;
  readonly key?: KeyExpression | undefined;
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

const messagesReader = integerReader(1, MAX_BUFFER_MESSAGES);
const bytesOf = bytesReader(1, MAX_BUFFER_BYTES);

/** Reads the three keys of `map`; the long form of `overflow` may hold the other two, and those of `spill`. */
export function readOverflow(map: MapNode, problems: Problems): OverflowSpec {
  const node = map.entries.get('overflow')?.value;
  const beside = { ...readBuffer(map, problems), key: readKey(map, 'key', problems, readKeyExpression) };
  if (node === undefined) return beside;
  if (node.kind !== 'map') {
    const policy = readPolicy(node, problems);
    if (policy?.value === 'spill') {
      problems.report(
        'missing-key',
        node,
        'expected {policy: spill, path: …}, found no path of a file for the messages',
      );
    }
    return { ...beside, policy };
  }

  const policy = readRequired(node, 'policy', problems, `a policy (${oneOf(overflows)})`, readPolicy);
  // Keys of a policy that this version does not have would all be unknown.
  const isLater = policy === undefined && node.entries.has('policy');
  const isSpill = policy?.value === 'spill';
  if (!isLater) checkKeys(node, { of: 'overflow', known: isSpill ? spillKeys : overflowKeys }, problems);
  for (const key of ['buffer', 'key']) {
    const twice = map.entries.get(key);
    if (twice === undefined || !node.entries.has(key)) continue;
    problems.report('invalid-value', twice.key, `expected ${key} once, found it here and within overflow`);
  }
  const within = {
    ...readBuffer(node, problems),
    key: readKey(node, 'key', problems, readKeyExpression) ?? beside.key,
    ...(isSpill ? { spill: readSpill(node, problems) } : {}),
  };
  return { ...beside, ...within, policy };
}

function readPolicy(node: Node, problems: Problems): StatedPolicy | undefined {
  const word = node.kind === 'scalar' ? node.value : undefined;
  const value = overflows.find((policy) => policy === word);
  if (value !== undefined) return { value, node };
  const later = typeof word === 'string' ? notAvailable(word, laterPolicies) : undefined;
  if (later !== undefined) problems.report('not-available', node, later);
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
