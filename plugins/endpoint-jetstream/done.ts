/**
 * Which messages of a stream are done, as far back as it is remembered. A server writes only now and then how far a
 * consumer is, and over what it wrote before: killed, it delivers again what was acknowledged to it, be it the whole stream.
 */

export interface Done {
  /**
   * The consumer of another time delivers anew on purpose: then nothing is done.
   *
   * @param madeAtMs when it was made
   */
  of(madeAtMs: number): void;
  /**
   * @param sequence the position in the stream, from 1
   * @param takenAtMs when the stream took it: rises with the sequence
   */
  add(sequence: number, takenAtMs: number): void;
  /** Whether it is done, and not another message of a stream that was made anew. */
  has(sequence: number, takenAtMs: number): boolean;
}

/** So many positions back from the highest are remembered: a bit each. A power of two. */
export const REMEMBERED: number = 2 ** 20;

/** A server tells when a consumer was made a little otherwise before its first restart than after it. */
const SAME_WITHIN_MS = 100;

/**
 * @example
 * const done = createDone();
 * done.add(7, 1_700_000_000_000);
 * done.has(7, 1_700_000_000_000); // true
 * done.has(7, 1_700_000_009_000); // false: nothing is done that came so late
 */
export function createDone(): Done {
  /** There from the first one on: whoever only publishes needs none. */
  let bits: Uint8Array | undefined;
  let madeMs = Number.NaN;
  let highest = 0;
  /** When the stream took the latest that is done. */
  let latestMs = 0;

  const isWithin = (sequence: number): boolean => sequence <= highest && sequence > highest - REMEMBERED;

  return {
    of(madeAtMs) {
      const isSame = Math.abs(madeAtMs - madeMs) <= SAME_WITHIN_MS;
      madeMs = madeAtMs;
      if (isSame) return;
      highest = 0;
      latestMs = 0;
      bits?.fill(0);
    },
    add(sequence, takenAtMs) {
      if (takenAtMs > latestMs) latestMs = takenAtMs;
      bits ??= new Uint8Array(REMEMBERED / 8);
      if (sequence > highest) advance(bits, sequence);
      if (!isWithin(sequence)) return;
      const place = sequence % REMEMBERED;
      bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
    },
    has(sequence, takenAtMs) {
      if (bits === undefined || takenAtMs > latestMs || !isWithin(sequence)) return false;
      const place = sequence % REMEMBERED;
      return ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
    },
  };

  /** What stood at the places of the new positions was so many positions before them. */
  function advance(all: Uint8Array, sequence: number): void {
    if (sequence - highest >= REMEMBERED) all.fill(0);
    else {
      for (let next = highest + 1; next <= sequence; next += 1) {
        const place = next % REMEMBERED;
        all[place >> 3] = (all[place >> 3] ?? 0) & ~(1 << (place & 7));
      }
    }
    highest = sequence;
  }
}
