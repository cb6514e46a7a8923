/** Lets one message pass in each period. */
import { Observable, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { keyOf } from '../src/core/key.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { Timetable } from '../src/core/timetable.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';

const edges = ['leading', 'trailing', 'both'] as const;

/** The first message of a period passes at once, its newest at the end, or both. */
export type Edge = (typeof edges)[number];

export interface ThrottleOptions {
  /** How long a period is. It begins with a message that finds none. */
  readonly ms: number;
  /** `leading` unless given. */
  readonly edge?: Edge | undefined;
  /** A period for each key. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Keys that are in a period; one more, and the oldest period ends early. 10,000 unless given. */
  readonly maxKeys?: number | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const MAX_KEYS = 10_000;

/** A period of a key, with what leaves at its end. */
interface Period {
  newest: Message | undefined;
}

/**
 * Forwards at most one message in each period, and discards the others as `throttled`. With the edge `trailing` or
 * `both` the newest of a period leaves at its end, and begins the next one: what comes last is never lost.
 *
 * ```
 * source  ──a1──a2──a3──────────b──▶
 *         throttle({ ms: 1000 })
 *         ──a1──────────────────b──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - throttle: 1s
 *   - throttle: { every: 200ms, key: payload.sensor, edge: both }
 * ```
 */
export function throttle(options: ThrottleOptions): MessageOperator {
  const { ms, edge = 'leading', key, maxKeys = MAX_KEYS, name = 'throttle' } = options;
  const { scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      /** Bounded by `maxKeys`, with one message each at most. */
      const periods = new Timetable<unknown, Period>({
        scheduler,
        ms,
        onDue(key, { newest }) {
          if (newest === undefined) return;
          periods.set(key, { newest: undefined });
          subscriber.next(newest);
        },
      });

      const begin = (key: unknown, message: Message): void => {
        if (edge === 'trailing') {
          periods.set(key, { newest: message.unpinned() });
        } else {
          periods.set(key, { newest: undefined });
          subscriber.next(message);
        }
        while (periods.size > maxKeys) endOldest();
      };

      const endOldest = (): void => {
        const [, oldest] = periods.shift() ?? [];
        if (oldest?.newest !== undefined) subscriber.next(oldest.newest);
      };

      const pass = (message: Message, key: unknown): void => {
        const period = periods.get(key);
        if (period === undefined) {
          begin(key, message);
        } else if (edge === 'leading') {
          message.discard('throttled');
        } else {
          const older = period.newest;
          period.newest = message.unpinned();
          older?.discard('throttled');
        }
      };

      subscriber.add(
        source.subscribe({
          next(message) {
            let of: unknown;
            try {
              of = keyOf(message, key);
            } catch (thrown) {
              failStep(name, message, thrown);
              return;
            }
            pass(message, of);
          },
          error: (error) => subscriber.error(error),
          complete() {
            for (let left = periods.size; left > 0; left -= 1) endOldest();
            subscriber.complete();
          },
        }),
      );
      subscriber.add(() => {
        periods.stop();
        for (let oldest = periods.shift(); oldest !== undefined; oldest = periods.shift()) {
          oldest[1].newest?.giveBack('step-ended');
        }
      });
    });
}

interface Settings {
  readonly every: number;
  readonly edge?: Edge | undefined;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys'?: number | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  duration().transform((every) => ({ every })),
  z.strictObject({
    every: duration().describe('How long a period is.'),
    edge: z
      .enum(edges)
      .optional()
      .describe('Whether the first message of a period passes, its newest, or both; leading unless given.'),
    key: value().optional().describe('A period for each value of this.'),
    'max-keys': z.int().positive().optional().describe('The most keys at once; 10000 unless given.'),
  }),
  'a duration such as 1s',
);

export const throttleStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'throttle',
  summary: 'Lets one message pass in each period, and discards the others.',
  options,
  order: ({ key, edge = 'leading' }) => (key === undefined || edge === 'leading' ? 'all' : 'key'),
  create: ({ every, edge, key, 'max-keys': maxKeys }, { name, scheduler }) =>
    throttle({ ms: every, edge, key, maxKeys, name, scheduler }),
});
