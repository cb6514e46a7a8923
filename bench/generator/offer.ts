/** An open loop: messages leave when they are due, however the server is doing. */
import { createHistogram, type Histogram } from './histogram.ts';
import type { Link } from './link.ts';
import type { Protocol } from './protocol.ts';
import { createSchedule } from './schedule.ts';
import { noteSent, type Tally } from './tally.ts';

export interface OfferOptions {
  readonly publisher: Link;
  readonly protocol: Protocol;
  readonly payload: Buffer;
  readonly tally: Tally;
  readonly rate: number;
  /** What was meant to leave before does not count. */
  readonly warmupMs: number;
  /** Nothing leaves after. */
  readonly ms: number;
}

export interface Offer {
  /** So many bytes of messages have arrived at a subscriber. */
  arrived(link: Link): void;
  stop(): void;
  /** From when a message was meant to leave until it arrived. */
  readonly latency: Histogram;
  /** From when a message was meant to leave until it left. */
  readonly lateness: Histogram;
}

/** So many messages leave in one write when the loop has fallen behind. */
const MOST_AT_ONCE = 256;
const NS_PER_MS = 1e6;

/**
 * The loop spins, because timers are a millisecond coarse and what is measured is finer. So the generator's core is
 * always busy, and how late it sends is the sign of whether it can keep up.
 */
export function startOffer(options: OfferOptions): Offer {
  const { publisher, protocol, payload, tally, warmupMs } = options;
  const startedAt = performance.now();
  const schedule = createSchedule(startedAt, options.rate);
  const firstCounted = schedule.due(startedAt + warmupMs) - 1;
  const all = schedule.due(startedAt + warmupMs + options.ms) - 1;
  const several = protocol.messages(payload, 1, 0);
  const latency = createHistogram();
  const lateness = createHistogram();
  let sent = 0;
  let isStopped = false;

  const spin = (): void => {
    if (isStopped) return;
    const now = performance.now();
    const due = Math.min(all, schedule.due(now), sent + MOST_AT_ONCE);
    if (due > sent) {
      publisher.socket.cork();
      for (; sent < due; sent += 1) {
        publisher.socket.write(several);
        if (sent >= firstCounted) lateness.record((now - schedule.intended(sent)) * NS_PER_MS);
        noteSent(tally, 1);
      }
      publisher.socket.uncork();
    }
    if (sent < all) setImmediate(spin);
  };
  spin();

  return {
    latency,
    lateness,
    arrived(link) {
      const count = Math.floor(link.bytes / tally.size);
      if (count === link.seen) return;
      const now = performance.now();
      for (; link.seen < count; link.seen += 1) {
        if (link.seen < firstCounted) continue;
        latency.record((now - schedule.intended(link.seen)) * NS_PER_MS);
      }
    },
    stop() {
      isStopped = true;
    },
  };
}
