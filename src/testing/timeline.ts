/** What happened, per millisecond, in words: how a failure is read. */

/** One thing that happened. */
export interface Happening {
  readonly atMs: number;
  /** Who did it: an endpoint, a step as `orders.via[0] filter`, a leg as `orders → archive`, a route. */
  readonly who: string;
  /** What it did: `takes orders#1 {"qty":2}`. */
  readonly what: string;
}

export type Timeline = readonly Happening[];

/** Appends to a timeline. */
export type Note = (who: string, what: string) => void;

/** More than a person reads; from here on the beginning and the end are shown. */
const MOST_LINES = 200;

/**
 * A line for each happening.
 *
 * @example
 * console.log(timelineText(relay.timeline()));
 * //      0 ms  orders                 emits orders#1 {"qty":0}
 * //      0 ms  orders.via[0] filter   drops orders#1: filtered
 * //      0 ms  orders                 acks orders#1
 */
export function timelineText(timeline: Timeline): string {
  const widest = Math.min(40, Math.max(0, ...timeline.map(({ who }) => who.length)));
  const lines = timeline.map(
    ({ atMs, who, what }) => `${String(atMs).padStart(7)} ms  ${who.padEnd(widest)}  ${what}`,
  );
  if (lines.length <= MOST_LINES) return lines.join('\n');
  const half = MOST_LINES / 2;
  const left = `${' '.repeat(12)}… ${lines.length - MOST_LINES} more …`;
  return [...lines.slice(0, half), left, ...lines.slice(-half)].join('\n');
}
