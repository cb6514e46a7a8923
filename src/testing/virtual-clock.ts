/** Virtual time that passes step by step, so that what promises do in between happens in between. */
import { type SchedulerAction, type SchedulerLike, type Subscription, VirtualTimeScheduler } from 'rxjs';
import type { OwnTime } from './own-time.ts';

/** What runs until the process it stands for is killed: what it had scheduled then never happens. */
export interface Life extends OwnTime {
  readonly scheduler: SchedulerLike;
  readonly isOver: boolean;
  end(): void;
}

export interface VirtualClock {
  readonly nowMs: number;
  /** When the next thing falls due; `undefined` when nothing does. */
  readonly dueMs: number | undefined;
  begin(): Life;
  /**
   * Everything that falls due within `ms` happens, in order. `isAsync` is asked before each step: whether
   * promises are to settle too, which takes a turn of the event loop.
   */
  pass(ms: number, isAsync: () => boolean): Promise<void>;
}

/** More at one moment than any route in order needs: work that schedules itself again would play for ever. */
const MAX_AT_ONCE = 20_000;

export function createVirtualClock(): VirtualClock {
  const virtual = new VirtualTimeScheduler();
  let atOnce = 0;
  let at = 0;

  const count = (): void => {
    atOnce = virtual.frame === at ? atOnce + 1 : 0;
    at = virtual.frame;
    if (atOnce > MAX_AT_ONCE)
      throw new Error(`more than ${MAX_AT_ONCE} things happen at ${at} ms: a livelock`);
  };

  const begin = (): Life => {
    let isOver = false;
    const scheduler: SchedulerLike = {
      now: () => virtual.frame,
      schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0, state?: T): Subscription {
        return virtual.schedule(
          function (this: SchedulerAction<T>, given?: T) {
            if (isOver) return;
            count();
            work.call(this, given);
          },
          // A fraction would give two moments that print alike.
          Math.ceil(delayMs),
          state,
        );
      },
    };
    return {
      scheduler,
      get isOver() {
        return isOver;
      },
      end() {
        isOver = true;
      },
      nowMs: () => virtual.frame,
      after(delayMs, work) {
        const timer = scheduler.schedule(work, delayMs);
        return () => timer.unsubscribe();
      },
    };
  };

  return {
    get nowMs() {
      return virtual.frame;
    },
    get dueMs() {
      const { actions } = virtual;
      // What was unsubscribed stays in the line until its time comes.
      return actions.find(({ closed }) => !closed)?.delay;
    },
    begin,
    async pass(ms, isAsync) {
      const end = virtual.frame + ms;
      for (;;) {
        const takesTurns = isAsync();
        if (takesTurns) await turn();
        const due = virtual.actions[0]?.delay;
        if (due === undefined || due > end) {
          // Something that was flushed may have made promises only now.
          if (takesTurns === isAsync()) break;
          continue;
        }
        virtual.maxFrames = due;
        virtual.flush();
      }
      virtual.frame = end;
    },
  };
}

/** One turn of the event loop: every promise that can settle has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
