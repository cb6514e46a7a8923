/**
 * When each message of an open loop is meant to leave.
 *
 * Latency counts from that moment and not from when the message did leave: a server that stalls for a second makes
 * all messages of that second late, also those that a waiting generator would never have sent in time. That is the
 * correction for what is called coordinated omission.
 */
export interface Schedule {
  /** How many messages were meant to leave until `now`. */
  due(now: number): number;
  /** When the message at this place, from 0, is meant to leave. */
  intended(place: number): number;
}

/** @param rate in messages a second; times are in milliseconds */
export function createSchedule(startedAt: number, rate: number): Schedule {
  const everyMs = 1000 / rate;
  return {
    // The first one is meant to leave at the start itself.
    due: (now) => Math.max(0, Math.floor((now - startedAt) / everyMs) + 1),
    intended: (place) => startedAt + place * everyMs,
  };
}
