/** Holds every message back for a time. */
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { HeldSources } from '../src/core/held-sources.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { Ring } from '../src/core/ring.ts';
import { failStep } from '../src/core/step-fn.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration, LONGEST_TIMER_MS } from '../src/options/duration.ts';
import { found } from '../src/options/found.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface DelayOptions {
  /** How long each message waits at least; not at all unless given. */
  readonly ms?: number | undefined;
  /**
   * When it may leave: a date, its text in ISO 8601, or milliseconds since 1970. A throw costs the message, and so
   * does a time further away than a timer can wait, 24 days.
   */
  readonly until?: ((message: Message) => unknown) | undefined;
  /** How many messages wait at most, before their sources are held; 65,536 unless given. */
  readonly capacity?: number | undefined;
  /** Where the step stands, for errors and where it holds a gate. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const CAPACITY = 65_536;

interface Waiting {
  readonly message: Message;
  readonly dueAt: number;
}

/**
 * Forwards every message later, in the order in which they came: one that waits for long keeps back those behind it.
 * What waits is unsettled, so the window of its source (`max-in-flight`) bounds what can be on its way: 1,024
 * messages and a delay of 5 s are 205 messages a second.
 *
 * ```
 * source  ──a──b──c───────────▶
 *         delay({ ms: 5000 })
 *         ─────────────a──b──c▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - delay: 5s
 *   - delay: { until: payload.publishAt }
 * ```
 */
export function delay(options: DelayOptions): MessageOperator {
  const { ms = 0, until, capacity = CAPACITY, name = 'delay', scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      /** The first keeps back those behind it. Sources are held from `capacity` on. */
      const waiting = new Ring<Waiting>();
      const sources = new HeldSources(name);
      let timer: Subscription | undefined;
      let hasCompleted = false;

      const arm = (): void => {
        const first = waiting.at(0);
        if (timer !== undefined || first === undefined || subscriber.closed) return;
        timer = scheduler.schedule(emitDue, Math.max(0, first.dueAt - scheduler.now()));
      };

      const emitDue = (): void => {
        const now = scheduler.now();
        // What comes meanwhile, by what this leads to, has its turn later: the timer is armed again at the end.
        for (let left = waiting.length; left > 0; left -= 1) {
          const first = waiting.at(0);
          if (first === undefined || first.dueAt > now) break;
          waiting.shift();
          subscriber.next(first.message);
        }
        timer = undefined;
        if (waiting.length <= capacity >> 1) sources.release();
        if (hasCompleted && waiting.length === 0) subscriber.complete();
        else arm();
      };

      const keep = (message: Message, dueAt: number): void => {
        waiting.push({ message: message.unpinned(), dueAt });
        arm();
        if (waiting.length >= capacity) sources.hold(message);
      };

      subscriber.add(
        source.subscribe({
          next(message) {
            let dueAt = scheduler.now() + ms;
            try {
              if (until !== undefined) dueAt = Math.max(dueAt, timeOf(until(message), scheduler.now()));
            } catch (thrown) {
              failStep(name, message, thrown);
              return;
            }
            keep(message, dueAt);
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            if (waiting.length === 0) subscriber.complete();
          },
        }),
      );
      subscriber.add(() => {
        timer?.unsubscribe();
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          next.message.giveBack('step-ended');
        }
        sources.release();
      });
    });
}

/** Milliseconds since 1970. */
function timeOf(value: unknown, now: number): number {
  const at = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value;
  if (typeof at !== 'number' || Number.isNaN(at)) {
    const what = 'a date, its text in ISO 8601, or milliseconds since 1970';
    throw new AraldoError('step-failed', `expected ${what}, found ${found(value)}`);
  }
  if (at - now <= LONGEST_TIMER_MS) return at;
  throw new AraldoError('step-failed', `expected a time within the next 24 days, found ${found(value)}`);
}

interface Settings {
  readonly for?: number | undefined;
  readonly until?: ((message: Message) => unknown) | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  duration().transform((ms) => ({ for: ms })),
  z
    .strictObject({
      for: duration().optional().describe('How long each message waits at least.'),
      until: value()
        .optional()
        .describe('When it may leave: a timestamp, its text in ISO 8601, or milliseconds since 1970.'),
    })
    .refine(({ for: ms, until }) => ms !== undefined || until !== undefined, {
      error: 'expected for or until, found neither',
    }),
  'a duration such as 5s',
);

export const delayStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'delay',
  summary: 'Holds every message back for a time, and keeps their order.',
  options,
  create: ({ for: ms, until }, { name, scheduler }) => delay({ ms, until, name, scheduler }),
});
