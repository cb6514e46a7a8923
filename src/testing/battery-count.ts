/** Counts outside of what is tested: what was given against what has come, message by message. */
import { bytesOf } from './battery-stage.ts';
import { shown } from './shown.ts';

export interface Counted {
  readonly given: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Came and was never given, or not as it was given. */
  readonly unexpected: number;
  /** How many first arrivals came after a message that was given later. */
  readonly disordered: number;
}

export function countOf(given: readonly unknown[], came: readonly unknown[]): Counted {
  const placeOf = new Map(given.map((payload, place) => [keyOf(payload), place]));
  const seen = new Set<number>();
  let duplicated = 0;
  let unexpected = 0;
  let disordered = 0;
  let last = -1;
  for (const payload of came) {
    const place = placeOf.get(keyOf(payload));
    if (place === undefined) unexpected += 1;
    else if (seen.has(place)) duplicated += 1;
    else {
      seen.add(place);
      if (place < last) disordered += 1;
      last = Math.max(last, place);
    }
  }
  return { given: given.length, lost: given.length - seen.size, duplicated, unexpected, disordered };
}

/** Throws unless nothing is lost and nothing is unexpected, with no more duplicates than `most`. */
export function expectCounts(counted: Counted, most: number, what: string): void {
  const { given, lost, duplicated, unexpected } = counted;
  if (lost === 0 && unexpected === 0 && duplicated <= most) return;
  throw new Error(
    `${what}: of ${given} messages ${lost} are lost and ${duplicated} came twice (${most} may); ${unexpected} came that nobody sent`,
  );
}

/** Throws unless exactly what was given came, in this order. */
export function expectSame(given: readonly unknown[], came: readonly unknown[], what: string): void {
  const length = Math.max(given.length, came.length);
  for (let place = 0; place < length; place += 1) {
    const expected = place < given.length ? keyOf(given[place]) : undefined;
    const found = place < came.length ? keyOf(came[place]) : undefined;
    if (expected === found) continue;
    throw new Error(
      `${what}: message ${place} of ${given.length} should be ${shown(expected)} and is ${shown(found)}; ${came.length} came`,
    );
  }
}

/** Text and its bytes are the same, as far as the other side is concerned. */
function keyOf(payload: unknown): string {
  return bytesOf(payload).toString('latin1');
}
