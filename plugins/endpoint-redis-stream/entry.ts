/** A message as an entry of a stream, and back: which field is the payload, which are meta, which are headers. */
import { isUtf8 } from 'node:buffer';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message, Meta } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { asBuffer } from '../../src/redis/writer.ts';

/** What an entry says, with names before their values. */
export type EntryFields = readonly Buffer[];

/** What ioredis takes as arguments of a command. */
export type Field = string | Buffer;

const PAYLOAD = 'payload';
const payloadName = Buffer.from(PAYLOAD);
const nothing = Buffer.alloc(0);

/** The fields of an entry that are words of meta. */
const wordOf: ReadonlyMap<string, keyof Meta & string> = new Map([
  ['araldo-id', 'id'],
  ['araldo-key', 'key'],
  ['araldo-timestamp', 'timestamp'],
  ['content-type', 'contentType'],
  ['correlation-id', 'correlationId'],
  ['reply-to', 'replyTo'],
]);

/** The payload: the first field of that name, and nothing where there is none. */
export function payloadIn(fields: EntryFields): Buffer {
  const place = payloadPlace(fields);
  return place < 0 ? nothing : (fields[place + 1] as Buffer);
}

/** All fields as an object of text. Bytes that are no text are base64. */
export function objectIn(fields: EntryFields): Readonly<Record<string, string>> {
  return Object.fromEntries(pairsOf(fields, -1));
}

/** What the fields beside the payload say: words of meta, and headers. A word that is there twice is a header too. */
export function metaIn(fields: EntryFields): Meta | undefined {
  const payload = payloadPlace(fields);
  // Most entries that others write are a payload and no more.
  if (fields.length === 2 && payload === 0) return undefined;
  const meta: Record<string, unknown> = {};
  const headers: [string, string][] = [];
  for (const [name, text] of pairsOf(fields, payload)) {
    const word = wordOf.get(name);
    const value = word === 'timestamp' ? timeOf(text) : text;
    if (word === undefined || value === undefined || meta[word] !== undefined) headers.push([name, text]);
    else meta[word] = value;
  }
  if (headers.length > 0) meta['headers'] = Object.fromEntries(headers);
  return meta;
}

/** The fields of a message: its payload first, so that no header can stand for it. */
export function fieldsOf(message: Message): Field[] {
  const fields: Field[] = [PAYLOAD, asBuffer(outgoingWire(message).bytes)];
  const { meta } = message;
  for (const [name, word] of wordOf) {
    const value = meta[word] as string | number | undefined;
    if (value !== undefined) fields.push(name, String(value));
  }
  if (meta.headers !== undefined)
    for (const [name, value] of Object.entries(meta.headers)) fields.push(name, value);
  return fields;
}

/** The fields of a message whose whole payload is the entry. Throws `unmarshallable-payload` for what is no object. */
export function fieldsOfObject({ payload }: Message): Field[] {
  const isObject = typeof payload === 'object' && payload !== null;
  if (!isObject || Array.isArray(payload) || payload instanceof Uint8Array)
    throw new AraldoError('unmarshallable-payload', 'expected an object to send as the fields of an entry');
  const fields = Object.entries(payload as Record<string, unknown>).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [name, fieldOf(value)];
  });
  if (fields.length === 0)
    throw new AraldoError('unmarshallable-payload', 'expected an object with a field at least, found {}');
  return fields;
}

/** In bytes. */
export function sizeOf(fields: readonly Field[]): number {
  let size = 0;
  for (const field of fields) size += typeof field === 'string' ? Buffer.byteLength(field) : field.length;
  return size;
}

function fieldOf(value: unknown): Field {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return asBuffer(value);
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function payloadPlace(fields: EntryFields): number {
  for (let place = 0; place < fields.length; place += 2)
    if ((fields[place] as Buffer).equals(payloadName)) return place;
  return -1;
}

function* pairsOf(fields: EntryFields, except: number): Generator<[string, string]> {
  for (let place = 0; place + 1 < fields.length; place += 2)
    if (place !== except) yield [textOf(fields[place] as Buffer), textOf(fields[place + 1] as Buffer)];
}

function textOf(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'base64');
}

function timeOf(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
