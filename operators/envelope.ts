/** `{id, meta, payload}`: how meta travels through systems without headers. */
import { AraldoError } from '../src/core/errors.ts';
import type { Message, Meta } from '../src/core/message.ts';
import { found } from '../src/options/found.ts';

/** What travels. */
export interface Envelope {
  readonly id: string;
  readonly meta: Meta;
  readonly payload: unknown;
}

/** The envelope of a message that leaves: one hop further, without what is true only in here. */
export function envelopeOf(message: Message): Envelope {
  const { id: _id, deliveries: _deliveries, ...meta } = message.meta;
  return { id: message.id, meta: { ...meta, hops: (meta.hops ?? 0) + 1 }, payload: message.payload };
}

/**
 * What is in an envelope, as a payload and meta. `own` is what the source knows by itself, and wins. Where a
 * message came from and how often it was delivered is known here alone, so such claims are left out.
 *
 * Throws an `AraldoError` (`malformed-payload`).
 */
export function openEnvelope(value: unknown, own: Meta): { readonly payload: unknown; readonly meta: Meta } {
  if (!isMap(value) || !Object.hasOwn(value, 'payload')) {
    throw malformed('an envelope {id, meta, payload}', isMap(value) ? 'one without a payload' : found(value));
  }
  const { id, meta = {}, payload } = value;
  if (id !== undefined && typeof id !== 'string') throw malformed('a text as the id', found(id));
  if (!isMap(meta)) throw malformed('a map as the meta', found(meta));
  for (const [fact, isValid] of Object.entries(facts)) {
    const claimed = meta[fact];
    if (claimed !== undefined && !isValid(claimed)) throw malformed(expected[fact] ?? fact, found(claimed));
  }
  const { id: _id, endpoint: _endpoint, lane: _lane, deliveries: _deliveries, ...claims } = meta;
  return { payload, meta: { ...(id === undefined ? {} : { id }), ...claims, ...own } };
}

/** The claims that other parts rely on, and what each must be. Others travel as they are. */
const facts: Readonly<Record<string, (claimed: unknown) => boolean>> = {
  key: isText,
  peer: isText,
  headers: isMapOfText,
  contentType: isText,
  correlationId: isText,
  replyTo: isText,
  timestamp: Number.isFinite,
  params: isMapOfText,
  hops: (claimed) => Number.isSafeInteger(claimed) && (claimed as number) >= 0,
};

const expected: Readonly<Record<string, string>> = {
  key: 'a text as meta.key',
  peer: 'a text as meta.peer',
  headers: 'a map of texts as meta.headers',
  contentType: 'a text as meta.contentType',
  correlationId: 'a text as meta.correlationId',
  replyTo: 'a text as meta.replyTo',
  timestamp: 'milliseconds as meta.timestamp',
  params: 'a map of texts as meta.params',
  hops: 'a count as meta.hops',
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isMapOfText(value: unknown): boolean {
  return isMap(value) && Object.values(value).every(isText);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string, instead: string): AraldoError {
  return new AraldoError('malformed-payload', `expected ${what}, found ${instead}`);
}
