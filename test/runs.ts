// How many cases a property test tries: 1,000, unless ARALDO_RUNS says otherwise (`npm run test:deep` says 10,000).
// fast-check prints the seed and the path of a failure; `fc.assert(property, runs({ seed, path }))` repeats it.

const defaultRuns = 1_000;

/** The number of cases, for code that does not go through `fc.assert`. */
export const numRuns: number = runsFrom(process.env['ARALDO_RUNS']);

/**
 * The parameters of `fc.assert`, with the number of cases of this run.
 *
 * @param parameters more of them. `share` asks for a part of the cases, for a property whose single case is
 *   expensive: `runs({ share: 0.1 })` is 100 cases, 1,000 when deep.
 */
export function runs<More extends object>(
  parameters?: More & { share?: number },
): Omit<More, 'share'> & { numRuns: number } {
  const { share = 1, ...more } = (parameters ?? {}) as More & { share?: number };
  return { ...more, numRuns: Math.max(1, Math.round(numRuns * share)) };
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
