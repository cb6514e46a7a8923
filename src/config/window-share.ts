/** How much of what its sources may have unsettled a leg may have that is not to hold them. */
import type { Overflow } from '../core/overflow.ts';
import type { RouteSource } from './route-source.ts';

/** The most in memory unless more is stated. */
const MOST_BUFFERED = 1024;

/** Whether a policy acts only when the memory is full, and lets a message be settled only then or when it is confirmed. */
export function needsWindow(overflow: Overflow): boolean {
  return overflow === 'spill' || overflow === 'error';
}

/**
 * How many messages such a leg has in memory, and as many sent and unconfirmed, unless it is stated: less than its
 * sources may have unsettled. Otherwise their windows would be full before its memory is: it would spill or refuse nothing,
 * and a sink that stalls would hold them.
 */
export function windowShare(sources: readonly Pick<RouteSource, 'maxInFlight'>[]): number {
  const least = Math.min(...sources.map(({ maxInFlight }) => maxInFlight));
  return Math.max(1, Math.min(MOST_BUFFERED, Math.floor(least / 4)));
}

/** What is wrong with a buffer that is stated: all that one of its sources may have unsettled waits there or is sent. */
export function fillsWindow(
  overflow: Overflow,
  buffer: number,
  sources: readonly RouteSource[],
): string | undefined {
  const source = sources.find(({ maxInFlight }) => maxInFlight <= 2 * buffer);
  if (source === undefined || !needsWindow(overflow)) return undefined;
  const { name, maxInFlight } = source;
  const most = Math.ceil(maxInFlight / 2) - 1;
  const cure = most > 0 ? `let buffer be ${most} at most` : `let ${name} have max-in-flight: 3 or more`;
  const happens = overflow === 'spill' ? 'anything is on disk' : 'anything is refused';
  return (
    `buffer: ${buffer} in memory and as many sent and unconfirmed are all that ${name} may have unsettled ` +
    `(max-in-flight: ${maxInFlight}), so a stalled sink may hold ${name} before ${happens}; ${cure}`
  );
}
