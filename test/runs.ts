// How many cases a property test tries: 1,000, unless ARALDO_RUNS says otherwise (`npm run test:deep` says 10,000).
// fast-check prints the seed and the path of a failure; `fc.assert(property, runs({ seed, path }))` repeats it.

const defaultRuns = 1_000;

/** What `runs` takes besides the parameters of fast-check. */
export interface Sizes {
  /** A part of the cases, for a property whose single case is expensive: of 0.1, 100 are tried, 1,000 when deep. */
  readonly share?: number;
  /** A part of these, unless the run is deep: for what other properties examine as well. */
  readonly quick?: number;
}

/** The number of cases, for code that does not go through `fc.assert`. */
export const numRuns: number = runsFrom(process.env['ARALDO_RUNS']);

/**
 * The parameters of `fc.assert`, with the number of cases of this run.
 *
 * @param parameters more of them, and which part of the cases: `runs({ share: 0.1, quick: 0.5 })` is 50 cases, 1,000
 *   when deep.
 */
export function runs<More extends object>(
  parameters?: More & Sizes,
): Omit<More, keyof Sizes> & { numRuns: number } {
  const { share = 1, quick = 1, ...more } = (parameters ?? {}) as More & Sizes;
  const part = numRuns > defaultRuns ? share : share * quick;
  return { ...more, numRuns: Math.max(1, Math.round(numRuns * part)) };
}

/** @throws when the text is not a positive integer: a typo must not turn a deep run into a shallow one */
export function runsFrom(text: string | undefined): number {
  if (text === undefined || text === '') return defaultRuns;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new Error(`ARALDO_RUNS: expected a positive integer, found "${text}"`);
  }
  return count;
}
