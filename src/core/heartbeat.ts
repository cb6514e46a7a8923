/** Notices a connection whose other side is gone without a word: a cable, a crash, a stopped process. */
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from './deadline.ts';

export interface HeartbeatOptions {
  readonly scheduler: SchedulerLike;
  /** How often the other side is asked. */
  readonly everyMs: number;
  /** How soon it must answer. */
  readonly withinMs: number;
  /** Asks. Called from the scheduler; must not throw. */
  readonly ping: () => void;
  /** Called once: it did not answer in time. Nothing is asked any more. */
  readonly dead: () => void;
}

export interface Heartbeat {
  /** The other side gave a sign of life: an answer, or anything else. */
  heard(): void;
  /**
   * We stopped reading, so no answer can be seen: it goes on asking, which makes a dead connection show as a
   * failed write, and waits for no answer until `release`. Idempotent, both.
   */
  hold(): void;
  release(): void;
  stop(): void;
}

/**
 * Asks every `everyMs` from now on, until it is stopped or the other side is dead.
 *
 * @example
 * const beat = heartbeat({ scheduler, everyMs: 25_000, withinMs: 15_000, ping: () => ws.ping(), dead: hangUp });
 * ws.on('pong', beat.heard);
 */
export function heartbeat(options: HeartbeatOptions): Heartbeat {
  const { scheduler, everyMs, withinMs, ping, dead } = options;
  let isAsked = false;
  let isHeld = false;
  let timeout: Subscription | undefined;
  let next: Subscription = scheduler.schedule(beat, everyMs);

  return { heard, hold, release, stop };

  function beat(): void {
    next = scheduler.schedule(beat, everyMs);
    if (!isAsked) {
      isAsked = true;
      awaitAnswer();
    }
    ping();
  }

  function awaitAnswer(): void {
    if (isAsked && !isHeld) timeout ??= deadline(scheduler, withinMs, giveUp);
  }

  function heard(): void {
    isAsked = false;
    forget();
  }

  function hold(): void {
    isHeld = true;
    forget();
  }

  function release(): void {
    isHeld = false;
    awaitAnswer();
  }

  function giveUp(): void {
    stop();
    dead();
  }

  function stop(): void {
    next.unsubscribe();
    forget();
  }

  function forget(): void {
    timeout?.unsubscribe();
    timeout = undefined;
  }
}
