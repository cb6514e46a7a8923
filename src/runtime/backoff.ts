/** How long to wait before opening an endpoint again, and when its failures are forgotten. */
import type { SchedulerLike, Subscription } from 'rxjs';
import { jitteredPause } from '../core/jitter.ts';

export interface BackoffOptions {
  readonly scheduler: SchedulerLike;
  /** The shortest pause. Default 50. */
  readonly minMs?: number;
  /** The longest pause. Default 4,000: what was away is back within 5 s of its return. */
  readonly maxMs?: number;
  /** How long a success must last before it counts as one. Default 10,000. */
  readonly stableMs?: number;
  /** From [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

export interface Backoff {
  /** The pause before the next try, in milliseconds. A success that came before and was not stable yet is none. */
  next(): number;
  /** A try succeeded: when `next` is not called for `stableMs`, pauses begin with the shortest again. */
  succeeded(): void;
  /** Ends its timer. */
  stop(): void;
}

/**
 * Full jitter, so that a thousand relays that lost the same broker come back spread out. Success alone resets
 * nothing, or a server that accepts and hangs up would be tried at the fastest pace for ever.
 *
 * @example
 * const pause = backoff({ scheduler });
 * scheduler.schedule(tryAgain, pause.next());
 */
export function backoff(options: BackoffOptions): Backoff {
  const { scheduler, minMs = 50, maxMs = 4_000, stableMs = 10_000, random = Math.random } = options;
  let failures = 0;
  let stable: Subscription | undefined;

  return { next, succeeded, stop };

  function next(): number {
    stop();
    failures += 1;
    return jitteredPause({ minMs, maxMs }, failures, random);
  }

  function succeeded(): void {
    stop();
    // A timer and not a clock that is read: a clock may be set while we wait.
    stable = scheduler.schedule(() => {
      failures = 0;
    }, stableMs);
  }

  function stop(): void {
    stable?.unsubscribe();
    stable = undefined;
  }
}
