/** Whole numbers of 64 bits where numbers are doubles: refused, or text where asked, but never another number. */
import { type Cursor, malformed } from './cursor.ts';

/** Notes a whole number of 64 bits that stands in the bytes; refuses one that a double does not hold. */
export function noteWhole(cursor: Cursor, whole: bigint): void {
  if (whole <= Number.MAX_SAFE_INTEGER && whole >= Number.MIN_SAFE_INTEGER) return;
  cursor.needsSettling = true;
  if (cursor.bigNumbers === 'refuse' && !isHeld(whole)) {
    throw malformed(
      cursor,
      `${whole}, which is no number that stays what it is (big-numbers: string lets it pass)`,
    );
  }
}

/** What a library read, with a number for each bigint and text where a double does not hold it, and 0 for −0. */
export function settled(value: unknown): unknown {
  if (typeof value === 'bigint') return isHeld(value) ? Number(value) : String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? 0 : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(settled);
  if (value instanceof Uint8Array || value instanceof Date) return value;
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map)) map[key] = settled(map[key]);
  return map;
}

function isHeld(whole: bigint): boolean {
  return BigInt(Number(whole)) === whole;
}
