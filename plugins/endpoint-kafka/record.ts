/** A record of Kafka and a message of ours: what each part of the one is in the other. */
import type { Message, Meta } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import type { ReadRecord } from './batch.ts';

/** What a record has to be for the client library to write it. */
export interface OutgoingRecord {
  readonly key: Buffer | undefined;
  /** `null` is a tombstone: it deletes its key from a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: Map<Buffer, Buffer>;
  readonly timestamp: bigint;
  /** About what it takes in a batch, in bytes. */
  readonly size: number;
}

/** Attributes, lengths and deltas of a record, at most. */
const OVERHEAD = 32;

/** Words of a meta that travel as headers, under the names that other systems know them by. */
const headerOf = {
  contentType: 'content-type',
  correlationId: 'correlation-id',
  replyTo: 'reply-to',
  id: 'araldo-id',
} as const;

type Word = keyof typeof headerOf;

const wordOf: ReadonlyMap<string, Word> = new Map(
  Object.entries(headerOf).map(([word, header]) => [header, word as Word]),
);

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is written for a message. Throws an `AraldoError` (`unmarshallable-payload`) where it has no bytes. */
export function recordOf(message: Message, nowMs: number): OutgoingRecord {
  const { meta } = message;
  const value =
    message.payload === null && meta['tombstone'] === true ? null : bufferOf(outgoingWire(message).bytes);
  const key = meta.key === undefined ? undefined : Buffer.from(meta.key, encodingOf(meta['keyEncoding']));
  let size = OVERHEAD + (value?.length ?? 0) + (key?.length ?? 0);
  const headers = new Map<Buffer, Buffer>();
  const add = (name: string, text: string): void => {
    const [left, right] = [Buffer.from(name), Buffer.from(text)];
    headers.set(left, right);
    size += left.length + right.length + 8;
  };
  for (const [name, text] of Object.entries(meta.headers ?? {})) if (!wordOf.has(name)) add(name, text);
  for (const [word, name] of Object.entries(headerOf)) {
    const text = meta[word as Word];
    if (text !== undefined) add(name, text);
  }
  return { key, value, headers, timestamp: BigInt(Math.trunc(timeOf(meta.timestamp) ?? nowMs)), size };
}

/** A time that a record can have: what a batch cannot hold would end the writing of all that is in it. */
function timeOf(timestamp: number | undefined): number | undefined {
  if (timestamp === undefined || !(timestamp >= 0 && timestamp <= Number.MAX_SAFE_INTEGER)) return undefined;
  return timestamp;
}

/** What a message has in its meta beside what its partition gives all of them. */
export function metaOf(
  partition: Meta,
  offset: number,
  timestampMs: number,
  record: Pick<ReadRecord, 'key' | 'headers'>,
): Meta {
  const meta: Record<string, unknown> = {
    ...partition,
    id: `${partition.endpoint}/${partition.lane}/${offset}`,
    offset,
    timestamp: timestampMs,
  };
  // An empty key is a key; what is not there comes as null.
  if (record.key !== null) readKey(meta, record.key);
  if (record.headers.length > 0) readHeaders(meta, record.headers);
  return meta;
}

function readKey(meta: Record<string, unknown>, key: Buffer): void {
  const text = textOf(key);
  meta['key'] = text ?? key.toString('base64');
  if (text === undefined) meta['keyEncoding'] = 'base64';
}

function readHeaders(meta: Record<string, unknown>, headers: ReadRecord['headers']): void {
  // Without a prototype: `__proto__` is a name like any other.
  const others = Object.create(null) as Record<string, string>;
  let count = 0;
  for (const [name, value] of headers) {
    const header = name?.toString() ?? '';
    const text = value === null ? '' : (textOf(value) ?? value.toString('base64'));
    const word = wordOf.get(header);
    if (word !== undefined) meta[word] = text;
    else {
      others[header] = text;
      count += 1;
    }
  }
  if (count > 0) meta['headers'] = { ...others };
}

/** Its text, where its bytes are UTF-8. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function encodingOf(encoding: unknown): 'base64' | 'utf8' {
  return encoding === 'base64' ? 'base64' : 'utf8';
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
