/** The structure of MessagePack bytes, checked before a value is made of them. */
import {
  type Cursor,
  expectLeft,
  malformed,
  skip,
  skipFloat,
  skipKey,
  skipText,
  takeByte,
  takeUnsigned,
  takeUnsigned64,
} from '../../src/formats/cursor.ts';
import { FARTHEST_S } from '../../src/formats/dates.ts';
import { DEEPEST } from '../../src/formats/depth.ts';
import { noteWhole } from '../../src/formats/numbers.ts';

const TIMESTAMP = 0xff;
const FARTHEST = BigInt(FARTHEST_S);

/** Throws an `AraldoError` (`malformed-payload`) unless the bytes are one value and nothing else. */
export function checkStructure(cursor: Cursor): void {
  skipValue(cursor, 0, false);
  if (cursor.at < cursor.bytes.length) throw malformed(cursor, 'more after the value');
}

function skipValue(cursor: Cursor, depth: number, isWithinConstructor: boolean): void {
  const head = takeByte(cursor);
  if (head < 0x80 || head >= 0xe0) return;
  if (head < 0x90) return skipMap(cursor, head & 0x0f, depth, isWithinConstructor);
  if (head < 0xa0) return skipList(cursor, head & 0x0f, depth);
  if (head < 0xc0) return skipText(cursor, head & 0x1f);
  switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return skip(cursor, takeUnsigned(cursor, 1 << (head - 0xc4)));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return skipExtension(cursor, takeUnsigned(cursor, 1 << (head - 0xc7)));
    case 0xca:
      return skipFloat(cursor, 4);
    case 0xcb:
      return skipFloat(cursor, 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
      return skip(cursor, 1 << (head - 0xcc));
    case 0xcf:
      return noteWhole(cursor, takeUnsigned64(cursor));
    case 0xd0:
    case 0xd1:
    case 0xd2:
      return skip(cursor, 1 << (head - 0xd0));
    case 0xd3:
      return noteWhole(cursor, BigInt.asIntN(64, takeUnsigned64(cursor)));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return skipExtension(cursor, 1 << (head - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return skipText(cursor, takeUnsigned(cursor, 1 << (head - 0xd9)));
    case 0xdc:
    case 0xdd:
      return skipList(cursor, takeUnsigned(cursor, head === 0xdc ? 2 : 4), depth);
    case 0xde:
    case 0xdf:
      return skipMap(cursor, takeUnsigned(cursor, head === 0xde ? 2 : 4), depth, isWithinConstructor);
    default:
      throw malformed(cursor, 'the byte 0xc1, which is never used');
  }
}

function skipList(cursor: Cursor, count: number, depth: number): void {
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  // An item has a byte at least: a list that says it is longer is refused before anything is made of it.
  expectLeft(cursor, count);
  for (let index = 0; index < count; index += 1) skipValue(cursor, depth + 1, false);
}

function skipMap(cursor: Cursor, count: number, depth: number, isWithinConstructor: boolean): void {
  if (depth === DEEPEST) throw malformed(cursor, `more than ${DEEPEST} levels`);
  expectLeft(cursor, count * 2);
  for (let index = 0; index < count; index += 1) {
    const isConstructor = skipKey(cursor, keyLength(cursor), isWithinConstructor);
    skipValue(cursor, depth + 1, isConstructor);
  }
}

function keyLength(cursor: Cursor): number {
  const head = takeByte(cursor);
  if (head >= 0xa0 && head < 0xc0) return head & 0x1f;
  if (head >= 0xd9 && head <= 0xdb) return takeUnsigned(cursor, 1 << (head - 0xd9));
  throw malformed(cursor, 'a map with a key that is not text');
}

function skipExtension(cursor: Cursor, length: number): void {
  const type = takeByte(cursor);
  if (type !== TIMESTAMP) {
    throw malformed(
      cursor,
      `the extension type ${(type << 24) >> 24}; of extensions only the timestamp, -1, is read`,
    );
  }
  const end = cursor.at + length;
  expectLeft(cursor, length);
  const isRight =
    length === 4 ||
    (length === 8 && isNano(takeUnsigned(cursor, 4) >>> 2)) ||
    (length === 12 && isWithinDates(cursor));
  if (!isRight) throw malformed(cursor, 'a timestamp that is none');
  cursor.at = end;
}

function isWithinDates(cursor: Cursor): boolean {
  const nanoseconds = takeUnsigned(cursor, 4);
  const seconds = BigInt.asIntN(64, takeUnsigned64(cursor));
  if (!isNano(nanoseconds) || seconds < -FARTHEST) return false;
  return seconds < FARTHEST || (seconds === FARTHEST && nanoseconds === 0);
}

function isNano(nanoseconds: number): boolean {
  return nanoseconds < 1_000_000_000;
}
