/** Emits the messages of a list, one each time, as long as somebody takes them. */
import type { SchedulerLike, Subscription } from 'rxjs';
import type { MakePayload } from './options.ts';

export interface TickerOptions {
  readonly messages: readonly MakePayload[];
  readonly everyMs: number;
  readonly scheduler: SchedulerLike;
  /** Takes a payload, unless it cannot now. */
  readonly emit: (payload: unknown) => boolean;
  readonly onError: (thrown: unknown) => void;
}

export interface Ticker {
  /** Ticks at which nobody took a message: they are skipped, and do not pile up. */
  readonly skipped: number;
  start(): void;
  stop(): void;
}

export function createTicker({ messages, everyMs, scheduler, emit, onError }: TickerOptions): Ticker {
  let timer: Subscription | undefined;
  let emitted = 0;
  let skipped = 0;

  const tick = (): void => {
    timer = scheduler.schedule(tick, everyMs);
    const make = messages[emitted % messages.length];
    if (make === undefined) return;
    try {
      if (emit(make({ n: emitted, now: Math.floor(scheduler.now()) }))) emitted += 1;
      else skipped += 1;
    } catch (thrown) {
      // The next one may be well; this one would fail for ever.
      emitted += 1;
      onError(thrown);
    }
  };

  return {
    get skipped() {
      return skipped;
    },
    start() {
      if (messages.length > 0 && timer === undefined) timer = scheduler.schedule(tick, everyMs);
    },
    stop() {
      timer?.unsubscribe();
      timer = undefined;
    },
  };
}
