// @ts-check
/** How long to wait before connecting again: longer each time, and never all at the same moment. */

const MIN_MS = 250;
const MAX_MS = 10_000;

/**
 * Full jitter, from 250 ms to 10 s.
 *
 * @param {number} failures in a row, from 1
 * @param {() => number} random from 0 to 1
 */
export function backoffMs(failures, random = Math.random) {
  const most = Math.min(MAX_MS, MIN_MS * 2 ** Math.min(failures, 10));
  return Math.round(MIN_MS + random() * (most - MIN_MS));
}
