/** What is said of several runs: the middle one, and how far they lie apart. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** The median of the ratios of runs that stood side by side, which a noisy neighbour of both does not change. */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  const pairs = Math.min(above.length, below.length);
  return median(Array.from({ length: pairs }, (_, run) => (above[run] as number) / (below[run] as number)));
}
