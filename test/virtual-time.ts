// Lets virtual time pass step by step, so that what promises do in between happens in between.

import type { VirtualTimeScheduler } from 'rxjs';

/** Everything that falls due within `ms` happens, in order; synchronous code only. */
export function pass(scheduler: VirtualTimeScheduler, ms: number): void {
  const end = scheduler.frame + ms;
  scheduler.maxFrames = end;
  scheduler.flush();
  scheduler.frame = end;
}

/** The same, and promises settle before and after each step. */
export async function elapse(scheduler: VirtualTimeScheduler, ms: number): Promise<void> {
  const end = scheduler.frame + ms;
  for (;;) {
    await turn();
    const due = scheduler.actions[0]?.delay;
    if (due === undefined || due > end) break;
    scheduler.maxFrames = due;
    scheduler.flush();
  }
  scheduler.frame = end;
}

/** One turn of the event loop: every promise that can settle has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
