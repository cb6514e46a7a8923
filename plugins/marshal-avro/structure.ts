/** The structure of Avro bytes, checked along their schema before a value is made of them. */
import type { Type } from 'avsc';
import {
  type Cursor,
  expectLeft,
  malformed,
  skip,
  skipKey,
  skipText,
  takeByte,
} from '../../src/formats/cursor.ts';
import { DEEPEST } from '../../src/formats/depth.ts';

/** Items that take no bytes, such as nulls: more of them than bytes would be a bomb. */
const MOST_EMPTY_ITEMS = 65_536;

/** What types of the library have, by what they are. */
interface Shape {
  readonly typeName: string;
  readonly underlyingType?: Type;
  readonly fields?: readonly { readonly type: Type }[];
  readonly itemsType?: Type;
  readonly valuesType?: Type;
  readonly types?: readonly Type[];
  readonly symbols?: readonly string[];
  readonly size?: number;
}

/** Throws an `AraldoError` (`malformed-payload`) unless what follows is one value of the type and nothing else. */
export function checkStructure(cursor: Cursor, type: Type): void {
  skipValue(cursor, type, 0, { left: MOST_EMPTY_ITEMS });
  if (cursor.at < cursor.bytes.length) throw malformed(cursor, 'more after the value');
}

/** How many items without bytes may still come. */
interface Budget {
  left: number;
}

function skipValue(cursor: Cursor, shape: Shape, depth: number, budget: Budget): void {
  if (shape.underlyingType !== undefined) return skipValue(cursor, shape.underlyingType, depth, budget);
  switch (shape.typeName) {
    case 'null':
      return;
    case 'boolean':
      if (takeByte(cursor) > 1) throw malformed(cursor, 'a boolean that is neither 0 nor 1');
      return;
    case 'int': {
      const number = takeLong(cursor);
      if (number < -(2n ** 31n) || number >= 2n ** 31n)
        throw malformed(cursor, 'an int of more than 32 bits');
      return;
    }
    case 'long':
    case 'abstract:long': {
      const number = takeLong(cursor);
      if (number > Number.MAX_SAFE_INTEGER || number < Number.MIN_SAFE_INTEGER) {
        throw malformed(cursor, `${number}, which is no number that stays what it is`);
      }
      return;
    }
    case 'float':
      return skip(cursor, 4);
    case 'double':
      return skip(cursor, 8);
    case 'bytes':
      return skip(cursor, takeLength(cursor));
    case 'string':
      return skipText(cursor, takeLength(cursor));
    case 'fixed':
      return skip(cursor, shape.size ?? 0);
    case 'enum':
      takeIndex(cursor, shape.symbols?.length ?? 0, 'symbol');
      return;
    case 'array':
      return skipBlocks(cursor, depth, budget, () =>
        skipValue(cursor, shapeOf(shape.itemsType), depth + 1, budget),
      );
    case 'map':
      return skipBlocks(cursor, depth, budget, () => {
        skipKey(cursor, takeLength(cursor), false);
        skipValue(cursor, shapeOf(shape.valuesType), depth + 1, budget);
      });
    default:
      return shape.types === undefined
        ? skipRecord(cursor, shape, depth, budget)
        : skipUnion(cursor, shape.types, depth, budget);
  }
}

function skipRecord(cursor: Cursor, { fields = [] }: Shape, depth: number, budget: Budget): void {
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  for (const { type } of fields) skipValue(cursor, shapeOf(type), depth + 1, budget);
}

function skipUnion(cursor: Cursor, types: readonly Type[], depth: number, budget: Budget): void {
  // A branch may be a level of its own in the value.
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  skipValue(cursor, shapeOf(types[takeIndex(cursor, types.length, 'branch')]), depth + 1, budget);
}

/** Items in blocks; a negative count is followed by the size of the block in bytes. */
function skipBlocks(cursor: Cursor, depth: number, budget: Budget, skipItem: () => void): void {
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  for (;;) {
    const stated = takeLong(cursor);
    if (stated === 0n) return;
    const size = stated < 0n ? takeLength(cursor) : undefined;
    const start = cursor.at;
    for (let left = stated < 0n ? -stated : stated; left > 0n; left -= 1n) {
      const before = cursor.at;
      skipItem();
      if (cursor.at > before) continue;
      budget.left -= 1;
      if (budget.left < 0) throw malformed(cursor, `more than ${MOST_EMPTY_ITEMS} items without bytes`);
    }
    if (size !== undefined && cursor.at - start !== size)
      throw malformed(cursor, 'a block of another size than it says');
  }
}

function shapeOf(type: Type | undefined): Shape {
  return type as unknown as Shape;
}

function takeIndex(cursor: Cursor, count: number, what: string): number {
  const index = takeLong(cursor);
  if (index < 0n || index >= BigInt(count)) throw malformed(cursor, `the ${what} ${index} of ${count}`);
  return Number(index);
}

function takeLength(cursor: Cursor): number {
  const length = takeLong(cursor);
  if (length < 0n) throw malformed(cursor, 'a negative length');
  if (length > BigInt(cursor.bytes.length)) throw malformed(cursor, 'an end too early');
  expectLeft(cursor, Number(length));
  return Number(length);
}

/** A variable-length zig-zag number of at most 64 bits. */
function takeLong(cursor: Cursor): bigint {
  let low = 0;
  let shift = 0;
  // Nearly all are short: without a BigInt until the end.
  for (; shift < 28; shift += 7) {
    const byte = takeByte(cursor);
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1));
  }
  let whole = BigInt(low);
  for (; shift < 70; shift += 7) {
    const byte = takeByte(cursor);
    whole |= BigInt(byte & 0x7f) << BigInt(shift);
    if (byte < 0x80) {
      if (whole >= 2n ** 64n) break;
      return (whole >> 1n) ^ -(whole & 1n);
    }
  }
  throw malformed(cursor, 'a number of more than 64 bits');
}
