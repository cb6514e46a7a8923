/** The structure of CBOR bytes (RFC 8949), checked before a value is made of them. */
import {
  type Cursor,
  expectLeft,
  malformed,
  skip,
  skipFloat,
  skipKey,
  skipText,
  takeByte,
  takeFloat,
  takeUnsigned,
  takeUnsigned64,
} from '../../src/formats/cursor.ts';
import { FARTHEST_S } from '../../src/formats/dates.ts';
import { DEEPEST } from '../../src/formats/depth.ts';
import { noteWhole } from '../../src/formats/numbers.ts';

const INDEFINITE = 31;
const BREAK = 0xff;

/** Throws an `AraldoError` (`malformed-payload`) unless the bytes are one value and nothing else. */
export function checkStructure(cursor: Cursor): void {
  const { bytes } = cursor;
  // Tag 55799 says that this is CBOR, and nothing else.
  if (bytes[0] === 0xd9 && bytes[1] === 0xd9 && bytes[2] === 0xf7) cursor.at = 3;
  skipValue(cursor, 0, false);
  if (cursor.at < bytes.length) throw malformed(cursor, 'more after the value');
}

function skipValue(cursor: Cursor, depth: number, isWithinConstructor: boolean): void {
  const head = takeByte(cursor);
  const info = head & 0x1f;
  switch (head >> 5) {
    case 0:
    case 1:
      return skipWhole(cursor, head >> 5 === 1, info);
    case 2:
      return skip(cursor, takeLength(cursor, info, 'bytes'));
    case 3:
      return skipText(cursor, takeLength(cursor, info, 'text'));
    case 4:
      return skipList(cursor, info, depth);
    case 5:
      return skipMap(cursor, info, depth, isWithinConstructor);
    case 6:
      return skipTagged(cursor, takeLength(cursor, info, 'a tag'));
    default:
      return skipSimple(cursor, info);
  }
}

function skipWhole(cursor: Cursor, isNegative: boolean, info: number): void {
  if (info < 27) {
    takeLength(cursor, info, 'a number');
    return;
  }
  if (info > 27) throw malformed(cursor, 'a number of a size that does not exist');
  const given = takeUnsigned64(cursor);
  noteWhole(cursor, isNegative ? -1n - given : given);
}

/** The argument of a head: a length, a count, a tag or a number. */
function takeLength(cursor: Cursor, info: number, what: string): number {
  if (info < 24) return info;
  if (info < 27) return takeUnsigned(cursor, 1 << (info - 24));
  if (info === INDEFINITE) throw malformed(cursor, `${what} of indefinite length, which is not read`);
  if (info > 27) throw malformed(cursor, `${what} of a size that does not exist`);
  if (takeUnsigned(cursor, 4) > 0) throw malformed(cursor, 'an end too early');
  return takeUnsigned(cursor, 4);
}

function skipList(cursor: Cursor, info: number, depth: number): void {
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  if (info === INDEFINITE) {
    while (!takeBreak(cursor)) skipValue(cursor, depth + 1, false);
    return;
  }
  const count = takeLength(cursor, info, 'a list');
  // An item has a byte at least: a list that says it is longer is refused before anything is made of it.
  expectLeft(cursor, count);
  for (let index = 0; index < count; index += 1) skipValue(cursor, depth + 1, false);
}

function skipMap(cursor: Cursor, info: number, depth: number, isWithinConstructor: boolean): void {
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  if (info === INDEFINITE) {
    while (!takeBreak(cursor)) skipPair(cursor, depth, isWithinConstructor);
    return;
  }
  const count = takeLength(cursor, info, 'a map');
  expectLeft(cursor, count * 2);
  for (let index = 0; index < count; index += 1) skipPair(cursor, depth, isWithinConstructor);
}

function skipPair(cursor: Cursor, depth: number, isWithinConstructor: boolean): void {
  const head = takeByte(cursor);
  if (head >> 5 !== 3) throw malformed(cursor, 'a map with a key that is not text');
  const isConstructor = skipKey(cursor, takeLength(cursor, head & 0x1f, 'text'), isWithinConstructor);
  skipValue(cursor, depth + 1, isConstructor);
}

function takeBreak(cursor: Cursor): boolean {
  expectLeft(cursor, 1);
  if (cursor.bytes[cursor.at] !== BREAK) return false;
  cursor.at += 1;
  return true;
}

function skipTagged(cursor: Cursor, tag: number): void {
  if (tag > 1) {
    throw malformed(
      cursor,
      `the tag ${tag}; of tags only those of dates, 0 and 1, are read, and 55799 at the start`,
    );
  }
  const head = takeByte(cursor);
  const isDate = tag === 0 ? isDateText(cursor, head) : isEpoch(cursor, head);
  if (!isDate) throw malformed(cursor, `the tag ${tag} on what is no date`);
}

/** RFC 3339, as tag 0 wants it. */
const DATE_TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const LONGEST_DATE = 35;

function isDateText(cursor: Cursor, head: number): boolean {
  if (head >> 5 !== 3) return false;
  const length = takeLength(cursor, head & 0x1f, 'text');
  const start = cursor.at;
  skip(cursor, length);
  if (length > LONGEST_DATE) return false;
  const text = String.fromCharCode(...cursor.bytes.subarray(start, cursor.at));
  return DATE_TEXT.test(text) && !Number.isNaN(Date.parse(text));
}

function isEpoch(cursor: Cursor, head: number): boolean {
  const major = head >> 5;
  const info = head & 0x1f;
  if (major < 2 && info === 27) return takeUnsigned64(cursor) < BigInt(FARTHEST_S);
  if (major < 2) return takeLength(cursor, info, 'a number') < FARTHEST_S;
  if (head === 0xfa) return Math.abs(takeFloat(cursor, 4)) <= FARTHEST_S;
  return head === 0xfb && Math.abs(takeFloat(cursor, 8)) <= FARTHEST_S;
}

function skipSimple(cursor: Cursor, info: number): void {
  if (info >= 20 && info <= 22) return;
  if (info === 25) return skipFloat(cursor, 2);
  if (info === 26) return skipFloat(cursor, 4);
  if (info === 27) return skipFloat(cursor, 8);
  throw malformed(cursor, info === 23 ? 'undefined' : 'a simple value that has no meaning');
}
