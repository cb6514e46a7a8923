/** A time-out that does not mistake a pause of this process for silence of the other side. */
import { type SchedulerLike, Subscription } from 'rxjs';

/** Long enough for the event loop to read what arrived while it stood still. */
const LAST_LOOK_MS = 1_000;

/**
 * Calls `expired` after `ms`, unless it is unsubscribed before. A process that was stopped (SIGSTOP, a debugger,
 * a suspended laptop) finds its timers due before it has read what came meanwhile; so the last part of the time
 * is a timer of its own, and an answer that is already here is read before it runs out.
 *
 * @example
 * const timeout = deadline(scheduler, 15_000, () => socket.destroy());
 * socket.once('pong', () => timeout.unsubscribe());
 */
export function deadline(scheduler: SchedulerLike, ms: number, expired: () => void): Subscription {
  const lastLookMs = Math.min(LAST_LOOK_MS, ms / 2);
  const timer = new Subscription();
  timer.add(
    scheduler.schedule(() => {
      timer.add(scheduler.schedule(expired, lastLookMs));
    }, ms - lastLookMs),
  );
  return timer;
}
