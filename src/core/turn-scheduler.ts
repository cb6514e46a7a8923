/** Real time for the engine: an RxJS scheduler whose "next" is the event loop's next turn. */
import { asyncScheduler, queueScheduler, type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/**
 * Work without a delay runs from one `setImmediate`, after the I/O of this turn and before that of the next: a
 * chain of it starves neither timers nor sockets, as a chain of microtasks would. The clock never jumps: it
 * is the time at which the process started plus what has passed since.
 */
export const turnScheduler: SchedulerLike = {
  now: () => performance.timeOrigin + performance.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0, state?: T): Subscription {
    if (delayMs > 0) return asyncScheduler.schedule(work, delayMs, state);
    const subscription = new Subscription();
    const immediate = setImmediate(() => subscription.add(queueScheduler.schedule(work, 0, state)));
    subscription.add(() => clearImmediate(immediate));
    return subscription;
  },
};
