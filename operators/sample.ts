/** Lets the newest message pass at the end of each period. */
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { z } from 'zod';
import { keyOf } from '../src/core/key.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface SampleOptions {
  /** How long a period is. Periods begin at multiples of it on the clock. */
  readonly ms: number;
  /** The newest of each key. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Keys of which a message waits; one more, and the oldest leaves early. 10,000 unless given. */
  readonly maxKeys?: number | undefined;
  /** Whenever it emits, all that waits leaves. */
  readonly flushOn?: Observable<unknown> | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const MAX_KEYS = 10_000;

/**
 * Forwards the newest message at the end of each period, and discards those before it as `superseded`. A period in
 * which none came gives none. All keys leave at the same moment, so that what follows can send them together.
 *
 * ```
 * source  ──a1──b1──a2───|───────|───b2──|   periods of a second
 *         sample({ ms: 1000, key })
 *         ─────────────b1─a2────────────b2
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - sample: 1s
 *   - sample: { every: 100ms, key: payload.symbol }
 * ```
 */
export function sample(options: SampleOptions): MessageOperator {
  const { ms, key, maxKeys = MAX_KEYS, flushOn, name = 'sample', scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      /** By key, the newest last; bounded by `maxKeys`. */
      const newest = new Map<unknown, Message>();
      let timer: Subscription | undefined;

      const emitOldest = (): void => {
        for (const [key, message] of newest) {
          newest.delete(key);
          subscriber.next(message);
          return;
        }
      };

      const emitAll = (): void => {
        // What comes meanwhile, by what this leads to, waits for the next period.
        for (let left = newest.size; left > 0; left -= 1) emitOldest();
      };

      const arm = (): void => {
        // There is no timer while nothing waits.
        if (timer !== undefined || newest.size === 0 || subscriber.closed) return;
        timer = scheduler.schedule(
          () => {
            timer = undefined;
            emitAll();
            arm();
          },
          ms - (scheduler.now() % ms),
        );
      };

      const keep = (message: Message, key: unknown): void => {
        const older = newest.get(key);
        newest.delete(key);
        newest.set(key, message.unpinned());
        older?.discard('superseded');
        while (newest.size > maxKeys) emitOldest();
        arm();
      };

      if (flushOn !== undefined) subscriber.add(flushOn.subscribe(emitAll));
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
            keep(message, of);
          },
          error: (error) => subscriber.error(error),
          complete() {
            emitAll();
            subscriber.complete();
          },
        }),
      );
      subscriber.add(() => {
        timer?.unsubscribe();
        for (const message of newest.values()) message.giveBack('step-ended');
        newest.clear();
      });
    });
}

interface Settings {
  readonly every: number;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys'?: number | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  duration().transform((every) => ({ every })),
  z.strictObject({
    every: duration().describe('How long a period is.'),
    key: value().optional().describe('The newest of each value of this.'),
    'max-keys': z.int().positive().optional().describe('The most keys at once; 10000 unless given.'),
  }),
  'a duration such as 1s',
);

export const sampleStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'sample',
  summary: 'Lets the newest message pass at the end of each period, and discards those before it.',
  options,
  order: ({ key }) => (key === undefined ? 'all' : 'key'),
  create: ({ every, key, 'max-keys': maxKeys }, { name, scheduler, flushOn }) =>
    sample({ ms: every, key, maxKeys, flushOn, name, scheduler }),
});
