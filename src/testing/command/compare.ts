/** What a stage of a test expects against what has come of it. */
import type { ExpectedMessage, ExpectPart } from '../../config/configuration.ts';
import { fates } from '../../config/test-plan.ts';
import type { Place } from '../../core/errors.ts';
import type { Received } from '../modelled-sink.ts';
import type { VirtualRelay } from '../relay.ts';
import { align } from './align.ts';
import type { Difference } from './difference.ts';
import { mismatchOf } from './match.ts';
import { allAsked, expectedForm, receivedForm } from './message-form.ts';
import { shownValue } from './shown-value.ts';

/** One thing that is not as expected. */
export interface Mismatch {
  /** `archive received 2 messages, expected 1`. */
  readonly text: string;
  readonly place: Place;
  /** The messages of a sink, in the order in which they came; none where something else is wrong. */
  readonly rows: readonly Row[];
  /** What helps to see why. */
  readonly notes: readonly string[];
}

/** Messages in the form of `expect:`. */
export type Row =
  | { readonly kind: 'same'; readonly found: object }
  | { readonly kind: 'missing'; readonly expected: object; readonly place: Place }
  | { readonly kind: 'unexpected'; readonly found: object }
  | {
      readonly kind: 'different';
      readonly expected: object;
      readonly found: object;
      readonly differences: readonly Difference[];
      readonly place: Place;
    };

/** What a stage began with. */
export interface Start {
  readonly atMs: number;
  /** How many messages a sink had received. */
  receivedBy(endpoint: string): number;
}

export function compare(
  expects: readonly ExpectPart[],
  relay: VirtualRelay,
  start: Start,
): readonly Mismatch[] {
  return expects.flatMap((part) => [
    ...compareReceived(part, relay.received(part.endpoint).slice(start.receivedBy(part.endpoint)), start),
    ...compareFates(part, relay),
  ]);
}

function compareReceived(
  { endpoint, plan, messages, place }: ExpectPart,
  found: readonly Received[],
  { atMs }: Start,
): readonly Mismatch[] {
  const { receives, inAnyOrder } = plan;
  if (receives === undefined) return [];
  if (typeof receives === 'number') {
    if (found.length === receives) return [];
    const asked = { payload: undefined, meta: {}, times: 1 };
    const rows = found.map((one): Row => ({ kind: 'unexpected', found: receivedForm(one, asked, atMs) }));
    return [{ text: countText(endpoint, found.length, receives), place, rows, notes: [] }];
  }
  const expected = messages.flatMap((message) => Array.from({ length: message.plan.times }, () => message));
  const inOrder = inAnyOrder === true ? sorted(expected, found, atMs) : found;
  const rows = rowsOf(expected, inOrder, atMs);
  if (rows.every(({ kind }) => kind === 'same')) return [];
  const first = rows.find((row) => 'place' in row);
  return [
    {
      text: textOf(endpoint, expected, found, atMs),
      place: first !== undefined && 'place' in first ? first.place : place,
      rows,
      notes: [],
    },
  ];
}

/** Messages in the order in which they are expected, as far as they are; what nobody expects at the end. */
function sorted(
  expected: readonly ExpectedMessage[],
  found: readonly Received[],
  startMs: number,
): readonly Received[] {
  const left = [...found];
  const taken = expected.flatMap((message) => {
    const at = left.findIndex((received) => mismatchOf(message, received, startMs).length === 0);
    return at < 0 ? [] : left.splice(at, 1);
  });
  return [...taken, ...left];
}

function rowsOf(
  expected: readonly ExpectedMessage[],
  found: readonly Received[],
  startMs: number,
): readonly Row[] {
  const asked = allAsked(expected.map(({ plan }) => plan));
  const isSame = (one: number, other: number): boolean =>
    mismatchOf(expected[one] as ExpectedMessage, found[other] as Received, startMs).length === 0;
  return align(expected.length, found.length, isSame).map((pair): Row => {
    const message = pair.expected === undefined ? undefined : expected[pair.expected];
    const received = pair.found === undefined ? undefined : found[pair.found];
    if (message === undefined) {
      return { kind: 'unexpected', found: receivedForm(received as Received, asked, startMs) };
    }
    const { plan, place } = message;
    if (received === undefined) return { kind: 'missing', expected: expectedForm(plan), place };
    const form = receivedForm(received, plan, startMs);
    if (pair.isSame) return { kind: 'same', found: form };
    const differences = mismatchOf(message, received, startMs);
    return { kind: 'different', expected: expectedForm(plan), found: form, differences, place };
  });
}

function textOf(
  endpoint: string,
  expected: readonly ExpectedMessage[],
  found: readonly Received[],
  startMs: number,
): string {
  if (found.length !== expected.length) return countText(endpoint, found.length, expected.length);
  const again = rowsOf(expected, sorted(expected, found, startMs), startMs);
  if (again.every(({ kind }) => kind === 'same')) {
    return `${endpoint} received the expected messages in another order`;
  }
  const others = found.length === 1 ? 'another message than expected' : 'other messages than expected';
  return `${endpoint} received ${others}`;
}

function countText(endpoint: string, found: number, expected: number): string {
  const messages = found === 1 ? '1 message' : found === 0 ? 'no message' : `${found} messages`;
  return `${endpoint} received ${messages}, expected ${expected === 0 ? 'none' : expected}`;
}

function compareFates({ endpoint, plan, place }: ExpectPart, relay: VirtualRelay): readonly Mismatch[] {
  const sent = relay.sent.filter((one) => one.endpoint === endpoint);
  const count = (fate: string): number => sent.filter((one) => one.fate === fate).length;
  const wrong = fates.filter((fate) => plan.fates?.[fate] !== undefined && plan.fates[fate] !== count(fate));
  if (wrong.length === 0) return [];
  const expected = wrong.map((fate) => `${plan.fates?.[fate]} ${fate}`).join(' and ');
  const found = fates.filter((fate) => count(fate) > 0).map((fate) => `${count(fate)} ${fate}`);
  const notes = relay
    .open()
    .filter((open) => open.endpoint === endpoint)
    .map(({ id, payload, where }) => `${id} ${shownValue(payload)} is open: ${where}`);
  const those = found.length === 0 ? 'nothing came from it' : `found ${found.join(', ')}`;
  return [{ text: `of what came from ${endpoint}, expected ${expected}; ${those}`, place, rows: [], notes }];
}
