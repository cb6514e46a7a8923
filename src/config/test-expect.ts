/** `expect:` of a test: what each sink receives, and what becomes of what came from each source. */
import { errorCodes } from '../core/errors.ts';
import { parseDuration } from '../options/duration.ts';
import type { ExpectedMessage, ExpectPart } from './configuration.ts';
import type { ReadEndpoint } from './endpoint-reader.ts';
import {
  checkKeys,
  expected,
  integerReader,
  readFlag,
  readKey,
  readMap,
  readText,
  reportThrown,
  suggestionFor,
} from './fields.ts';
import { readPredicate } from './predicate.ts';
import type { Problems } from './problem.ts';
import { readAnyText, readBase64, readMeta, reportSecond } from './test-content.ts';
import { timesReader } from './test-given.ts';
import { type ExpectPlan, type FateWord, fates, type MessagePlan } from './test-plan.ts';
import { type Entry, type MapNode, type Node, plainOf } from './tree.ts';

export interface ExpectContext {
  readonly problems: Problems;
  readonly readEndpoint: ReadEndpoint;
}

/** More than a person writes; generated files may be long. */
const MAX_MESSAGES = 10_000;

const countReader = integerReader(0, 1_000_000);

const NONE = 'none';

/** `archive: none`, `archive: 3`, `archive: [{payload: …}]`, `orders: {acked: 1}`, `chat: {receives: …, acked: 1}`. */
export function readExpect(name: string, entry: Entry, context: ExpectContext): ExpectPart | undefined {
  const { problems, readEndpoint } = context;
  const { key, value } = entry;
  const nameNode: Node = { kind: 'scalar', value: name, isPlain: true, ...key };
  const isFull = value.kind === 'map';
  if (isFull) checkKeys(value, { of: 'what an endpoint is expected to do', known: expectKeys }, problems);
  const asks = (keys: readonly string[]): boolean => isFull && keys.some((word) => value.entries.has(word));
  const isSource = asks(fates);
  const isSink = !isFull || asks(['receives', 'in-any-order']);
  if (!isSource && !isSink) {
    const fields = `receives or ${fates.join(', ')}`;
    return expected(`at least one of ${fields}`, value, problems);
  }
  const isKnown =
    (!isSource || readEndpoint(nameNode, 'source') !== undefined) &&
    (!isSink || readEndpoint(nameNode, 'sink') !== undefined);

  const receives = isFull
    ? readKey(value, 'receives', problems, readReceives)
    : readReceives(value, problems);
  const inAnyOrder = isFull && readKey(value, 'in-any-order', problems, readFlag) === true;
  const counts = isFull && isSource ? readFates(value, problems) : undefined;
  if (!isKnown) return undefined;
  const messages = typeof receives === 'object' ? receives : [];
  const plan: ExpectPlan = {
    ...(receives === undefined
      ? {}
      : { receives: typeof receives === 'number' ? receives : receives.map(({ plan }) => plan) }),
    ...(inAnyOrder ? { inAnyOrder } : {}),
    ...(counts === undefined ? {} : { fates: counts }),
  };
  return { endpoint: name, plan, messages, place: key.place };
}

const expectKeys = ['receives', 'in-any-order', ...fates] as const;

function readFates(map: MapNode, problems: Problems): ExpectPlan['fates'] {
  const counts: Partial<Record<FateWord, number>> = {};
  for (const fate of fates) {
    const count = readKey(map, fate, problems, countReader);
    if (count !== undefined) counts[fate] = count;
  }
  return counts;
}

function readReceives(node: Node, problems: Problems): readonly ExpectedMessage[] | number | undefined {
  if (node.kind === 'scalar' && node.value === NONE) return [];
  if (node.kind === 'scalar' && typeof node.value === 'number') return countReader(node, problems);
  if (node.kind !== 'list') {
    return expected(
      `a list of messages, their number, or ${NONE}`,
      node,
      problems,
      suggestionFor(node, [NONE]),
    );
  }
  if (node.items.length > MAX_MESSAGES) expected(`at most ${MAX_MESSAGES} messages`, node, problems);
  return node.items.slice(0, MAX_MESSAGES).flatMap((item) => readMessage(item, problems) ?? []);
}

const contents = ['payload', 'like', 'text', 'base64'] as const;
/** What can be asked of a message. */
const aspects = [...contents, 'when', 'key', 'headers', 'meta', 'error', 'at'] as const;
const messageKeys = [...aspects, 'times'] as const;

function readMessage(node: Node, problems: Problems): ExpectedMessage | undefined {
  const map = readMap(node, problems, 'a message such as {payload: 1}');
  if (map === undefined) return undefined;
  const isMessage = [...map.entries.keys()].some((key) => aspects.some((known) => known === key));
  if (!isMessage) {
    const [name] = map.entries.keys();
    const keys = name === undefined ? 'nothing' : JSON.stringify(name.slice(0, 60));
    problems.report(
      'invalid-value',
      map,
      `expected a message such as {payload: 1}, found a map with ${keys}`,
      {
        suggestion: 'if this is what it carries, write payload: before it',
      },
    );
    return undefined;
  }
  checkKeys(map, { of: 'an expected message', known: messageKeys }, problems);
  const [key, another] = contents.filter((key) => map.entries.has(key));
  if (key !== undefined && another !== undefined) reportSecond(map, key, another, problems);
  const when = readKey(map, 'when', problems, readPredicate);
  const plan: MessagePlan = {
    ...readCarried(map, problems),
    ...(when === undefined ? {} : { when: when.text }),
    meta: readMeta(map, problems),
    ...present('error', readKey(map, 'error', problems, readCode)),
    ...present('at', readKey(map, 'at', problems, readMoment)),
    times: readKey(map, 'times', problems, timesReader) ?? 1,
  };
  return { plan, place: node.place, when: when?.of };
}

function readCarried(map: MapNode, problems: Problems): Pick<MessagePlan, (typeof contents)[number]> {
  const { entries } = map;
  const [payload, like] = [entries.get('payload')?.value, entries.get('like')?.value];
  return {
    ...(payload === undefined ? {} : { payload: plainOf(payload) }),
    ...(like === undefined ? {} : { like: plainOf(like) }),
    ...present('text', readKey(map, 'text', problems, readAnyText)),
    ...present('base64', readKey(map, 'base64', problems, readBase64)),
  };
}

function readCode(node: Node, problems: Problems): string | undefined {
  const code = readText(node, problems, 'the code of an error');
  if (code === undefined || Object.hasOwn(errorCodes, code)) return code;
  return expected('the code of an error', node, problems, suggestionFor(node, Object.keys(errorCodes)));
}

/** `5s`, or `1s..2s`. */
function readMoment(node: Node, problems: Problems): MessagePlan['at'] {
  const parts = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.split('..') : [];
  const [first, last = first, more] = parts;
  if (first === undefined || last === undefined || more !== undefined) {
    return expected('a time since the stage began, such as 5s or 1s..2s', node, problems);
  }
  try {
    const [minMs = 0, maxMs = 0] = [first, last].map((text) => parseDuration(text.trim(), { min: 0 }));
    if (minMs <= maxMs) return { minMs, maxMs };
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'invalid-value');
    return undefined;
  }
  return expected('the earlier time first', node, problems, `${last.trim()}..${first.trim()}`);
}

function present<K extends string, T>(key: K, value: T | undefined): { readonly [Key in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [Key in K]: T });
}
