/** Leaves out what has come before. */
import { Observable, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { keyOf } from '../src/core/key.ts';
import { Lines } from '../src/core/lines.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface DedupeOptions {
  /** What two messages that are the same have in common; their id unless given. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** How long a key is remembered after its message was acked; ten minutes unless given. */
  readonly ms?: number | undefined;
  /** Keys that are remembered; 100,000 unless given. One more, and the oldest is forgotten. */
  readonly max?: number | undefined;
  /** Duplicates that wait for what becomes of the first; 1,024 unless given. Then their sources are held. */
  readonly maxWaiting?: number | undefined;
  /** What people read where it holds a gate. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const MS = 600_000;
const MAX = 100_000;
const MAX_WAITING = 1_024;

/**
 * Forwards the first message of each key, and discards the others as `duplicate`. A key is remembered when its message
 * was acked; one that is nacked or rejected is forgotten, so that its next delivery passes.
 *
 * A duplicate that comes while the first is still on its way waits for what becomes of it: it is discarded when the
 * first is acked, and goes on in its place when it is not. So no failure loses what was there twice. Messages whose
 * key is nothing are duplicates of none and pass.
 *
 * ```
 * source  ──a──b──a──a──────▶   the first a is nacked at |
 *         dedupe({ key })
 *         ──a──b─────|a─────▶   the third is discarded when that one is acked
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - dedupe: payload.id
 *   - dedupe: { key: payload.id, for: 1h, max: 500000 }
 * ```
 */
export function dedupe(options: DedupeOptions = {}): MessageOperator {
  const { key = ({ id }) => id, ms = MS, max = MAX, maxWaiting = MAX_WAITING } = options;
  const { name = 'dedupe', scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      const acked = new Remembered(ms, max);
      let hasCompleted = false;
      const lines = new Lines({
        name,
        max: maxWaiting,
        emit: (message) => subscriber.next(message),
        onSettled(key, status) {
          if (status !== 'ack') return undefined;
          acked.add(key, scheduler.now());
          return 'duplicate';
        },
        onEmpty() {
          if (hasCompleted) subscriber.complete();
        },
      });

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
            if (of === undefined || of === null) subscriber.next(message);
            else if (acked.has(of, scheduler)) message.discard('duplicate');
            else lines.add(of, message);
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            if (lines.waiting === 0) subscriber.complete();
          },
        }),
      );
      subscriber.add(() => lines.end());
    });
}

/** Keys, each for the same time: the order in which they were added is the order in which they are forgotten. */
class Remembered {
  private readonly ms: number;
  private readonly max: number;
  /** Until when; as many as `max`. */
  private readonly until = new Map<unknown, number>();

  constructor(ms: number, max: number) {
    this.ms = ms;
    this.max = max;
  }

  add(key: unknown, now: number): void {
    this.until.delete(key);
    this.until.set(key, now + this.ms);
    for (const [oldest, until] of this.until) {
      if (until > now && this.until.size <= this.max) return;
      this.until.delete(oldest);
    }
  }

  /** The clock is read for keys that are there alone: most are not. */
  has(key: unknown, clock: SchedulerLike): boolean {
    const until = this.until.get(key);
    return until !== undefined && clock.now() < until;
  }
}

const options: z.ZodType<Settings> = shortForm(
  value().transform((key) => ({ key })),
  z.strictObject({
    key: value()
      .optional()
      .describe('What two messages that are the same have in common; the id unless given.'),
    for: duration()
      .default(MS)
      .describe('How long a key is remembered after its message was acked; 10m unless given.'),
    max: z.int().positive().max(10_000_000).default(MAX).describe('Keys that are remembered.'),
    'max-waiting': z
      .int()
      .positive()
      .default(MAX_WAITING)
      .describe('Duplicates that wait for what becomes of the first; then their sources are held.'),
  }),
  'an expression such as payload.id',
);

interface Settings {
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly for?: number | undefined;
  readonly max?: number | undefined;
  readonly 'max-waiting'?: number | undefined;
}

export const dedupeStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'dedupe',
  summary: 'Leaves out messages whose key was delivered before.',
  options,
  order: (): 'key' => 'key',
  create: ({ key, for: ms, max, 'max-waiting': maxWaiting }, { name, scheduler }) =>
    dedupe({ key, ms, max, maxWaiting, name, scheduler }),
});
