/** `{id, meta, payload}`: how meta travels through systems without headers. */
import { AraldoError } from '../src/core/errors.ts';
import type { Message, Meta } from '../src/core/message.ts';
import { found } from '../src/options/found.ts';

/** What travels. */
export interface Envelope {
  readonly id: string;
  readonly meta: Meta;
  readonly payload: unknown;
  /** The payload is text that stands for bytes. */
  readonly encoding?: 'base64';
}

/**
 * The envelope of a message that leaves: one hop further, without what is true only in here.
 *
 * @param isText whether it becomes text. Then a payload of bytes becomes text too: what it says where it is UTF-8, and
 *   its source did not call it binary; else base64.
 */
export function envelopeOf(message: Message, isText = false): Envelope {
  const { id: _id, deliveries: _deliveries, ...known } = message.meta;
  const { id, payload } = message;
  const meta = { ...known, hops: (known.hops ?? 0) + 1 };
  if (!isText || !(payload instanceof Uint8Array)) return { id, meta, payload };
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const text = message.wire?.isText === false ? undefined : textOf(bytes);
  if (text !== undefined) return { id, meta, payload: text };
  return { id, meta, payload: bytes.toString('base64'), encoding: 'base64' };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * What is in an envelope, as a payload and meta. `own` is what the source knows by itself, and wins, but for the id: one
 * that a message brings with it is its own, wherever it has been stored since. Where it came from and how often it was
 * delivered is known here alone, so such claims are left out.
 *
 * Throws an `AraldoError` (`malformed-payload`).
 */
export function openEnvelope(value: unknown, own: Meta): { readonly payload: unknown; readonly meta: Meta } {
  if (!isMap(value) || !Object.hasOwn(value, 'payload')) {
    throw malformed('an envelope {id, meta, payload}', isMap(value) ? 'one without a payload' : found(value));
  }
  const { id, meta = {}, payload, encoding } = value;
  if (id !== undefined && typeof id !== 'string') throw malformed('a text as the id', found(id));
  if (!isMap(meta)) throw malformed('a map as the meta', found(meta));
  for (const [fact, isValid] of Object.entries(facts)) {
    const claimed = meta[fact];
    if (claimed !== undefined && !isValid(claimed)) throw malformed(expected[fact] ?? fact, found(claimed));
  }
  const { id: _id, endpoint: _endpoint, lane: _lane, deliveries: _deliveries, ...claims } = meta;
  return {
    payload: decoded(payload, encoding),
    meta: { ...claims, ...own, ...(id === undefined ? {} : { id }) },
  };
}

function decoded(payload: unknown, encoding: unknown): unknown {
  if (encoding === undefined) return payload;
  if (encoding !== 'base64') throw malformed('base64 as the encoding, or none', found(encoding));
  if (typeof payload !== 'string') throw malformed('base64 as the payload', found(payload));
  // Not quoted: a payload is not for logs.
  if (payload.length % 4 !== 0 || !base64.test(payload))
    throw malformed('base64 as the payload', 'other text');
  return Buffer.from(payload, 'base64');
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

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
