/**
 * Watches over steps that may keep messages as long as they like: a raw RxJS operator that drops a message without
 * settling it (`debounceTime`, `switchMap`) has it inside for ever, and takes up the window of its source.
 */
import type { SchedulerLike } from 'rxjs';
import type { Message } from '../core/message.ts';
import type { StepInside } from '../core/step-rx.ts';

/** As it is when it is read. */
export interface WatchedStep {
  /** Where the step stands: `orders.via[0] ./debounce.ts`. */
  readonly name: string;
  /** How many messages it has inside. */
  readonly held: number;
  /** How long the one that has been inside for longest has been the longest, as far as anybody looked. */
  readonly oldestMs: number;
}

export interface StepWatch {
  /** Of one step, when it begins; in place of what it had inside before, where it begins anew. */
  readonly watch: (inside: StepInside) => void;
  /** Notes what is oldest. Every few seconds: a clock that is read for each message would cost more than it tells. */
  look(): void;
  readonly steps: readonly WatchedStep[];
}

interface Seen {
  readonly inside: StepInside;
  oldest: Message | undefined;
  since: number;
}

export function createStepWatch(scheduler: SchedulerLike): StepWatch {
  /** By the name of the step; as many as the route has. */
  const seen = new Map<string, Seen>();

  return {
    watch(inside) {
      seen.set(inside.name, { inside, oldest: undefined, since: scheduler.now() });
    },
    look() {
      for (const each of seen.values()) {
        const { oldest } = each.inside;
        if (oldest === each.oldest) continue;
        each.oldest = oldest;
        each.since = scheduler.now();
      }
    },
    get steps() {
      return [...seen.values()].map(({ inside, oldest, since }) => ({
        name: inside.name,
        held: inside.held,
        oldestMs: oldest === undefined || oldest !== inside.oldest ? 0 : scheduler.now() - since,
      }));
    },
  };
}
