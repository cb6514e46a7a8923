/** Batches of records as a broker keeps them: their heads are read at once, their records one by one when they are wanted. */
import type { Library } from './client.ts';
import { inflate } from './inflate.ts';

/** One record. */
export interface ReadRecord {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[];
  /** Its key or its headers are larger than any should be, and were not read. */
  readonly isTooLarge: boolean;
}

export interface Batch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Written by the broker itself: where a transaction ends. */
  readonly isControl: boolean;
  /** Of a producer; not negative. */
  readonly producerId: bigint;
  readonly isTransactional: boolean;
  /** Whether the broker says that its transaction was aborted: nobody is to read it. */
  readonly isAborted: boolean;
  /** How many records it says it has. */
  readonly count: number;
  /** As it came, compressed or not. */
  readonly data: Buffer;
  /**
   * Decompresses it; `undefined` where that would be more than `most` bytes. Throws where it is not what it says.
   * Bounded: what it holds is the batch, and a record at a time.
   */
  open(library: Pick<Library, 'compressionsAlgorithms'>, most: number): Records | undefined;
}

export interface Records {
  /** `undefined` after the last one. Throws where the batch is not what it says. */
  next(): ReadRecord | undefined;
}

/** Before what the length of a batch counts: the offset and the length. */
const HEAD = 12;

/** All of what stands before the records. */
const LEAST = 61;

const VERSION = 2;

const COMPRESSION = 0x7;
const IS_TRANSACTIONAL = 1 << 4;
const IS_CONTROL = 1 << 5;

/** What a record has beside its value: a key of this size, headers of this size together, in bytes. */
export const MOST_BESIDE: number = 256 * 1024;

/** Reads the heads. The last batch of an answer may be cut off: it is left out, and fetched again. */
export function readBatches(bytes: Buffer): readonly Batch[] {
  const batches: Batch[] = [];
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const length = bytes.readInt32BE(at + 8);
    const end = at + HEAD + length;
    if (end > bytes.length) break;
    const version = bytes.readInt8(at + 16);
    if (version !== VERSION) {
      throw new Error(`expected records of version 2, which Kafka has since 0.11, found version ${version}`);
    }
    if (end - at < LEAST) throw new Error('expected a batch of records, found less than its head');
    batches.push(batchAt(bytes.subarray(at, end)));
    at = end;
  }
  return batches;
}

function batchAt(bytes: Buffer): Batch {
  const firstOffset = Number(bytes.readBigInt64BE(0));
  const attributes = bytes.readInt16BE(21);
  const firstMs = Number(bytes.readBigInt64BE(27));
  const count = bytes.readInt32BE(57);
  const data = bytes.subarray(LEAST);
  return {
    firstOffset,
    lastOffset: firstOffset + bytes.readInt32BE(23),
    isControl: (attributes & IS_CONTROL) !== 0,
    isTransactional: (attributes & IS_TRANSACTIONAL) !== 0,
    isAborted: false,
    producerId: bytes.readBigInt64BE(43),
    count,
    data,
    open(library, most) {
      const inflated = inflate(library, attributes & COMPRESSION, data, most);
      return inflated === undefined ? undefined : recordsIn(inflated, count, firstOffset, firstMs);
    },
  };
}

function recordsIn(bytes: Buffer, count: number, firstOffset: number, firstMs: number): Records {
  let at = 0;
  let left = count;

  return {
    next() {
      if (left <= 0) return undefined;
      left -= 1;
      const length = varint();
      const end = at + length;
      if (length < 0 || end > bytes.length) throw cutOff();
      // Attributes, of which none is in use.
      at += 1;
      const timestampMs = firstMs + varint();
      const offset = firstOffset + varint();
      const key = field(end);
      const value = field(end);
      const isTooLarge = (key?.length ?? 0) > MOST_BESIDE || end - at > MOST_BESIDE;
      const headers = isTooLarge ? [] : headersUpTo(end);
      at = end;
      return { offset, timestampMs, key, value, headers, isTooLarge };
    },
  };

  function headersUpTo(end: number): ReadRecord['headers'] {
    const headers: (readonly [Buffer | null, Buffer | null])[] = [];
    // Bounded by the bytes: each header takes two at least.
    for (let more = varint(); more > 0; more -= 1) headers.push([field(end), field(end)]);
    return headers;
  }

  function field(end: number): Buffer | null {
    const length = varint();
    if (length < 0) return null;
    const from = at;
    at += length;
    if (at > end) throw cutOff();
    return bytes.subarray(from, at);
  }

  /** Seven bits a byte, the lowest first; the lowest of all is the sign. Beyond 53 bits nothing here is. */
  function varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = bytes[at];
      if (byte === undefined) throw cutOff();
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new Error('expected a number of ten bytes at most in a record');
  }
}

function cutOff(): Error {
  return new Error('a batch of records ends before its records do');
}
