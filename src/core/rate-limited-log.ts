/** Log lines that each message can cause, at a limited rate: what was left out is counted in the next one. */
import type { SchedulerLike } from 'rxjs';
import type { Log } from './log.ts';

export interface RateLimitedLogOptions {
  readonly log: Log;
  readonly level: keyof Log;
  /** The shortest time between two lines; 0 writes them all. */
  readonly everyMs: number;
  readonly scheduler: SchedulerLike;
}

/** Returns what writes a line, or counts it. A line that was left out has cost no more than a look at the clock. */
export function createRateLimitedLog(
  options: RateLimitedLogOptions,
): (fields: object | (() => object), text: string) => void {
  const { log, level, everyMs, scheduler } = options;
  let lastAt = Number.NEGATIVE_INFINITY;
  let suppressed = 0;

  return (fields, text) => {
    const now = scheduler.now();
    if (now - lastAt < everyMs) {
      suppressed += 1;
      return;
    }
    lastAt = now;
    const own = typeof fields === 'function' ? (fields as () => object)() : fields;
    log[level](suppressed > 0 ? { ...own, suppressed } : own, text);
    suppressed = 0;
  };
}
