/** The data of an event ↔ a payload, as the content type says. */
import { isUtf8 } from 'node:buffer';
import { AraldoError } from '../../src/core/errors.ts';
import type { BigNumbers } from '../../src/formats/cursor.ts';
import { readJson, writeJson } from '../../src/formats/json/json.ts';
import { found } from '../../src/options/found.ts';
import { type Attributes, isMap, wrong } from './attributes.ts';

/** The data in binary mode. */
export function writeData(payload: unknown, contentType: string | undefined): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  if (isJson(contentType)) return Buffer.from(writeJson(payload));
  if (typeof payload === 'string' && payload.isWellFormed()) return Buffer.from(payload);
  throw wrong(
    'unmarshallable-payload',
    `text or bytes for the content type ${contentType}, found ${found(payload)}`,
  );
}

export function readData(
  bytes: Uint8Array,
  contentType: string | undefined,
  bigNumbers: BigNumbers,
): unknown {
  if (isJson(contentType)) return readJson(bytes, bigNumbers);
  if (contentType !== undefined && /^text\//i.test(contentType) && isUtf8(bytes)) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  }
  return bytes;
}

/** The event as JSON. */
export function writeEvent(attributes: Attributes, payload: unknown): Uint8Array {
  // JSON has a place for bytes of its own; the strictness of the rest is that of any JSON.
  const data =
    payload instanceof Uint8Array
      ? {
          data_base64: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64'),
        }
      : { data: payload === undefined ? noForm() : payload };
  return Buffer.from(writeJson({ ...attributes, ...data }));
}

function noForm(): never {
  throw new AraldoError('unmarshallable-payload', 'CloudEvents: JSON has no form for undefined');
}

export function readEvent(
  bytes: Uint8Array,
  bigNumbers: BigNumbers,
): { readonly attributes: Attributes; readonly payload: unknown } {
  const event = readJson(bytes, bigNumbers);
  if (!isMap(event)) throw wrong('malformed-payload', `an event as a map, found ${found(event)}`);
  const { data, data_base64: encoded, ...attributes } = event;
  if (encoded === undefined || encoded === null) {
    return { attributes: attributes as Attributes, payload: data ?? null };
  }
  if (data !== undefined) throw wrong('malformed-payload', 'data or data_base64, found both');
  if (typeof encoded !== 'string' || encoded.length % 4 !== 0 || !BASE64.test(encoded)) {
    throw wrong('malformed-payload', 'base64 as data_base64, found something else');
  }
  return { attributes: attributes as Attributes, payload: Buffer.from(encoded, 'base64') };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Without a content type, data is JSON. */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  const type = (contentType.split(';', 1)[0] as string).trim().toLowerCase();
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}
