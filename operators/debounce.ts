/** Lets a message pass when no newer one has come for a while. */
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

export interface DebounceOptions {
  /** How long it must be quiet before the newest message leaves. */
  readonly ms: number;
  /** How long a key may be unquiet before its newest message leaves all the same; for ever unless given. */
  readonly maxMs?: number | undefined;
  /** Each key is quiet by itself. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Keys of which a message waits; one more, and the quietest leaves early. 10,000 unless given. */
  readonly maxKeys?: number | undefined;
  /** Whenever it emits, all that waits leaves. */
  readonly flushOn?: Observable<unknown> | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const MAX_KEYS = 10_000;

/**
 * Forwards a message when it has been quiet for so long since it came; those that are followed by a newer one
 * before are discarded as `superseded`. Unlike RxJS's `debounceTime`, it settles what it drops.
 *
 * ```
 * source  ──a1─a2─a3────────b──────▶
 *         debounce({ ms: 200 })
 *         ───────────────a3──────b─▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - debounce: 200ms
 *   - debounce: { for: 200ms, max: 2s, key: payload.document }
 * ```
 */
export function debounce(options: DebounceOptions): MessageOperator {
  const { ms, maxMs, key, maxKeys = MAX_KEYS, flushOn, name = 'debounce' } = options;
  const { scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      /** The newest of each key, the quietest first; bounded by `maxKeys`. */
      const newest = new Timetable<unknown, Message>({
        scheduler,
        ms,
        onDue: (key, message) => emit(key, message),
      });
      /** Since when each of those keys has been unquiet. */
      const unquiet =
        maxMs === undefined
          ? undefined
          : new Timetable<unknown, undefined>({ scheduler, ms: maxMs, onDue: (key) => end(key) });

      const end = (key: unknown): void => {
        const message = newest.get(key);
        newest.delete(key);
        if (message !== undefined) emit(key, message);
      };

      const emit = (key: unknown, message: Message): void => {
        unquiet?.delete(key);
        subscriber.next(message);
      };

      const emitOldest = (): void => {
        const oldest = newest.shift();
        if (oldest !== undefined) emit(...oldest);
      };

      const emitAll = (): void => {
        // What comes meanwhile, by what this leads to, waits for its own time.
        for (let left = newest.size; left > 0; left -= 1) emitOldest();
      };

      const keep = (message: Message, key: unknown): void => {
        const older = newest.get(key);
        newest.set(key, message.unpinned());
        if (older === undefined) unquiet?.set(key, undefined);
        older?.discard('superseded');
        while (newest.size > maxKeys) emitOldest();
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
        newest.stop();
        unquiet?.stop();
        for (let oldest = newest.shift(); oldest !== undefined; oldest = newest.shift()) {
          oldest[1].giveBack('step-ended');
        }
      });
    });
}

interface Settings {
  readonly for: number;
  readonly max?: number | undefined;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys'?: number | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  duration().transform((ms) => ({ for: ms })),
  z.strictObject({
    for: duration().describe('How long it must be quiet.'),
    max: duration().optional().describe('How long a message is held back at most; for ever unless given.'),
    key: value().optional().describe('Each value of this is quiet by itself.'),
    'max-keys': z.int().positive().optional().describe('The most keys at once; 10000 unless given.'),
  }),
  'a duration such as 200ms',
);

export const debounceStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'debounce',
  summary: 'Lets a message pass when no newer one has come for a while, and discards those before it.',
  options,
  order: ({ key }) => (key === undefined ? 'all' : 'key'),
  create: ({ for: ms, max, key, 'max-keys': maxKeys }, { name, scheduler, flushOn }) =>
    debounce({ ms, maxMs: max, key, maxKeys, flushOn, name, scheduler }),
});
