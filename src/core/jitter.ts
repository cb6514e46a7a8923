/** How long to pause before trying again: longer each time, and never at the same moment as everybody else. */

export interface PauseRange {
  /** The shortest pause, in milliseconds. */
  readonly minMs: number;
  /** The longest. */
  readonly maxMs: number;
}

/**
 * Full jitter: the pause is drawn evenly from between `minMs` and a ceiling that doubles with every try that has
 * failed, up to `maxMs`. Twice the shortest is the first ceiling, so that the first pause is jittered too.
 *
 * @param failures how many tries have failed, from 1 on
 * @param random from [0, 1)
 * @example
 * scheduler.schedule(tryAgain, jitteredPause({ minMs: 100, maxMs: 10_000 }, failures));
 */
export function jitteredPause(
  { minMs, maxMs }: PauseRange,
  failures: number,
  random: () => number = Math.random,
): number {
  const ceilingMs = Math.min(maxMs, Math.max(1, minMs) * 2 ** failures);
  return minMs + random() * (ceilingMs - minMs);
}
