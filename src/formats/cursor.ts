/** A place in bytes of a self-describing format, and the checks that all of them need before a library reads them. */
import { isUtf8 } from 'node:buffer';
import { AraldoError } from '../core/errors.ts';

export type BigNumbers = 'refuse' | 'string';

/** A walk over the structure of one payload. It makes no values: its cost is bounded by the bytes there are. */
export interface Cursor {
  /** What is read, as the errors call it: `MessagePack`. */
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly bigNumbers: BigNumbers;
  at: number;
  /** Whether what the library reads must be settled: see numbers.ts. */
  needsSettling: boolean;
}

export function cursorOver(format: string, bytes: Uint8Array, bigNumbers: BigNumbers): Cursor {
  return { format, bytes, bigNumbers, at: 0, needsSettling: false };
}

export function malformed(cursor: Cursor, found: string): AraldoError {
  return new AraldoError(
    'malformed-payload',
    `expected ${cursor.format}, found ${found} (at byte ${cursor.at})`,
  );
}

/** Refuses what says that more follows than there is. */
export function expectLeft(cursor: Cursor, count: number): void {
  if (count > cursor.bytes.length - cursor.at) throw malformed(cursor, 'an end too early');
}

export function skip(cursor: Cursor, count: number): void {
  expectLeft(cursor, count);
  cursor.at += count;
}

export function takeByte(cursor: Cursor): number {
  expectLeft(cursor, 1);
  return cursor.bytes[cursor.at++] as number;
}

/** A big-endian number without a sign, of at most six bytes. */
export function takeUnsigned(cursor: Cursor, size: number): number {
  expectLeft(cursor, size);
  let number = 0;
  for (const end = cursor.at + size; cursor.at < end; cursor.at += 1)
    number = number * 256 + (cursor.bytes[cursor.at] as number);
  return number;
}

export function takeUnsigned64(cursor: Cursor): bigint {
  const high = BigInt(takeUnsigned(cursor, 4));
  return (high << 32n) | BigInt(takeUnsigned(cursor, 4));
}

/** A big-endian IEEE 754 number of four or eight bytes. */
export function takeFloat(cursor: Cursor, size: 4 | 8): number {
  expectLeft(cursor, size);
  const { buffer, byteOffset } = cursor.bytes;
  const view = new DataView(buffer, byteOffset + cursor.at, size);
  cursor.at += size;
  return size === 4 ? view.getFloat32(0) : view.getFloat64(0);
}

/** Skips a float; the libraries write no −0, so none is read either. */
export function skipFloat(cursor: Cursor, size: 2 | 4 | 8): void {
  const start = cursor.at;
  skip(cursor, size);
  if (cursor.bytes[start] !== 0x80) return;
  for (let index = start + 1; index < cursor.at; index += 1) if (cursor.bytes[index] !== 0) return;
  cursor.needsSettling = true;
}

export function skipText(cursor: Cursor, length: number): void {
  const start = cursor.at;
  skip(cursor, length);
  for (let index = start; index < cursor.at; index += 1) {
    if ((cursor.bytes[index] as number) < 0x80) continue;
    if (!isUtf8(cursor.bytes.subarray(index, cursor.at))) throw malformed(cursor, 'text that is not UTF-8');
    return;
  }
}

/**
 * Skips the text of a key and refuses those that reach prototypes. Gives whether it is `constructor`, within which
 * `prototype` is refused.
 */
export function skipKey(cursor: Cursor, length: number, isWithinConstructor: boolean): boolean {
  const start = cursor.at;
  skipText(cursor, length);
  if (length === 11) return isKey(cursor.bytes, start, 'constructor');
  if (length !== 9) return false;
  if (isKey(cursor.bytes, start, '__proto__')) throw malformed(cursor, 'the key "__proto__"');
  if (isWithinConstructor && isKey(cursor.bytes, start, 'prototype'))
    throw malformed(cursor, 'the key "constructor.prototype"');
  return false;
}

function isKey(bytes: Uint8Array, start: number, key: string): boolean {
  for (let index = 0; index < key.length; index += 1)
    if (bytes[start + index] !== key.charCodeAt(index)) return false;
  return true;
}
