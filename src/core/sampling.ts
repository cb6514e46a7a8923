/** The clock of a leg that samples: what waits in the leg may be sent when the period is over in which it came. */
import type { SchedulerLike, Subscription } from 'rxjs';

export interface SamplingOptions {
  /** How long a period is. Periods begin at multiples of it on the clock, as those of the step `sample` do. */
  readonly everyMs: number;
  readonly scheduler: SchedulerLike;
}

/** One timer for all keys, and none while nothing waits for the end of a period. */
export class Sampling {
  private readonly options: SamplingOptions;
  private readonly onPeriod: () => void;
  private timer: Subscription | undefined;

  /** @param onPeriod told when the period is over in which `begin` was called */
  constructor(options: SamplingOptions, onPeriod: () => void) {
    this.options = options;
    this.onPeriod = onPeriod;
  }

  begin(): void {
    if (this.timer !== undefined) return;
    const { everyMs, scheduler } = this.options;
    this.timer = scheduler.schedule(
      () => {
        this.timer = undefined;
        this.onPeriod();
      },
      everyMs - (scheduler.now() % everyMs),
    );
  }

  end(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }
}
