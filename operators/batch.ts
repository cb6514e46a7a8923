/** Joins messages to lists. */
import { Observable, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { joinMeta } from '../src/core/join-meta.ts';
import { keyOf } from '../src/core/key.ts';
import { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { Timetable } from '../src/core/timetable.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';
import { size } from '../src/options/size.ts';

export interface BatchOptions {
  /** The most messages of a batch; 1,000 unless given. */
  readonly count?: number | undefined;
  /** The most bytes of a batch, unless one message alone is larger; 1 MiB unless given. */
  readonly bytes?: number | undefined;
  /** How long its first message waits for others at most; a second unless given. 0 is the end of the turn. */
  readonly ms?: number | undefined;
  /** A batch for each key. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Open batches; one more, and the oldest leaves. 1,000 unless given. */
  readonly maxKeys?: number | undefined;
  /** Whenever it emits, all open batches leave. */
  readonly flushOn?: Observable<unknown> | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const COUNT = 1_000;
const BYTES = 1024 * 1024;
const MS = 1_000;
const MAX_KEYS = 1_000;

/** A batch that others may still join. */
interface Open {
  readonly key: unknown;
  readonly parts: Message[];
  bytes: number;
}

/**
 * Forwards lists of payloads in place of single ones. A batch leaves when it is full, in messages or bytes, or when
 * its first message has waited as long as it may, whichever comes first. Time always bounds it: a source gives only
 * as many messages as its window has places, and a lane its share of them, so that more might never come.
 *
 * Settling a batch settles every part of it with the same status. Its meta is what its parts have in common, with
 * `meta.key` if they were brought together by a key.
 *
 * ```
 * source  ──1──2──3──────4──────▶   4 waits for a second
 *         batch({ count: 3, ms: 1000 })
 *         ────────[1,2,3]────[4]▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - batch: 100
 *   - batch: { count: 500, bytes: 256KiB, every: 200ms, key: payload.customer }
 * ```
 */
export function batch(options: BatchOptions = {}): MessageOperator {
  const { count = COUNT, bytes = BYTES, ms = MS, key, maxKeys = MAX_KEYS, flushOn } = options;
  const { name = 'batch', scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      /** Bounded by `maxKeys`, each batch by `count` and `bytes`. */
      const open = new Timetable<unknown, Open>({ scheduler, ms, onDue: (_key, batch) => emit(batch) });

      const emit = ({ key, parts }: Open): void => {
        const payloads = parts.map(({ payload }) => payload);
        subscriber.next(Message.join(parts, payloads, joinMeta(parts, key)));
      };

      const emitAll = (): void => {
        // Those that are opened meanwhile, by what this leads to, wait for their own time.
        for (let left = open.size; left > 0; left -= 1) {
          const oldest = open.shift();
          if (oldest !== undefined) emit(oldest[1]);
        }
      };

      /** The batch that has room for so many bytes more; none when making room has ended the subscription. */
      const openFor = (key: unknown, size: number): Open | undefined => {
        while (!subscriber.closed) {
          const batch = open.get(key);
          if (batch !== undefined && batch.bytes + size <= bytes) return batch;
          if (batch === undefined && open.size < maxKeys) {
            const fresh: Open = { key, parts: [], bytes: 0 };
            open.set(key, fresh);
            return fresh;
          }
          const leaving = batch ?? open.shift()?.[1];
          if (leaving === undefined) continue;
          open.delete(leaving.key);
          emit(leaving);
        }
        return undefined;
      };

      const join = (message: Message, key: unknown, size: number): void => {
        const batch = openFor(key, size);
        if (batch === undefined) {
          message.giveBack('step-ended');
          return;
        }
        batch.parts.push(message.unpinned());
        batch.bytes += size;
        if (batch.parts.length < count && batch.bytes < bytes) return;
        open.delete(key);
        emit(batch);
      };

      if (flushOn !== undefined) subscriber.add(flushOn.subscribe(emitAll));
      subscriber.add(
        source.subscribe({
          next(message) {
            let of: unknown;
            let size: number;
            try {
              of = keyOf(message, key);
              size = message.size;
            } catch (thrown) {
              failStep(name, message, thrown);
              return;
            }
            join(message, of, size);
          },
          error: (error) => subscriber.error(error),
          complete() {
            emitAll();
            subscriber.complete();
          },
        }),
      );
      subscriber.add(() => {
        open.stop();
        for (let oldest = open.shift(); oldest !== undefined; oldest = open.shift()) {
          for (const part of oldest[1].parts) part.giveBack('step-ended');
        }
      });
    });
}

interface Settings {
  readonly count?: number | undefined;
  readonly bytes?: number | undefined;
  readonly every?: number | undefined;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys'?: number | undefined;
}

const count = z.int().positive();

const options: z.ZodType<Settings> = shortForm(
  count.transform((count) => ({ count })),
  z.strictObject({
    count: count.optional().describe('The most messages of a batch; 1000 unless given.'),
    bytes: size().optional().describe('The most bytes of a batch; 1MiB unless given.'),
    every: duration().optional().describe('How long a batch stays open at most; 1s unless given.'),
    key: value().optional().describe('A batch for each value of this.'),
    'max-keys': count.optional().describe('The most batches that are open at once; 1000 unless given.'),
  }),
  'a number of messages such as 100',
);

export const batchStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'batch',
  summary: 'Joins messages to lists, by number, size and time.',
  options,
  gathers: ({ count = 1 }) => count,
  order: ({ key }) => (key === undefined ? 'all' : 'key'),
  create: ({ count, bytes, every, key, 'max-keys': maxKeys }, { name, scheduler, flushOn }) =>
    batch({ count, bytes, ms: every, key, maxKeys, flushOn, name, scheduler }),
});
