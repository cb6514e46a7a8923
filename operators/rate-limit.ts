/** Lets so many messages pass in a time, and no more. */
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { z } from 'zod';
import { HeldSources } from '../src/core/held-sources.ts';
import { keyOf } from '../src/core/key.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { Ring } from '../src/core/ring.ts';
import { failStep } from '../src/core/step-fn.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { type Rate, rate } from '../src/options/rate.ts';
import { shortForm } from '../src/options/short-form.ts';

const overs = ['pause', 'discard'] as const;

export interface RateLimitOptions {
  readonly rate: Rate;
  /** How many may pass at once after a rest; as many as the rate counts unless given. */
  readonly burst?: number | undefined;
  /** What is over the rate waits, or is discarded; `pause` unless given. */
  readonly over?: (typeof overs)[number] | undefined;
  /** A rate for each key. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Keys that are remembered; one more, and the one unused for longest begins anew. 10,000 unless given. */
  readonly maxKeys?: number | undefined;
  /** How many messages wait at most, before their sources are held. */
  readonly capacity?: number | undefined;
  /** Where the step stands, for errors and where it holds a gate. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const MAX_KEYS = 10_000;

/** Few, so that the rest stays where it comes from; but what may pass in so many ms, so that the timer keeps up. */
const CAPACITY = 64;
const AHEAD_MS = 20;

/** With keys more wait, so that one of them that is over its rate does not soon hold back the others. */
const CAPACITY_WITH_KEYS = 1024;

/** Of times that are sums of fractions. */
const PRECISION_MS = 1e-6;

interface Bucket {
  /** When it will have all its tokens again. */
  fullAt: number;
  readonly waiting: Ring<Message>;
}

/**
 * Forwards at most `rate`, and up to `burst` at once after a rest (a token bucket). What is over it waits its turn, in
 * order, and its sources are held by the name of the step; or it is discarded as `rate-limited`.
 *
 * With a key each has its own bucket, and those that wait are served in turn. A source whose lanes are the keys (the
 * peers of a WebSocket endpoint) pauses only those that are over their rate.
 *
 * ```
 * source  ──a─b─c─d──────────▶
 *         rateLimit({ rate: { count: 1, perMs: 1000 }, burst: 2 })
 *         ──a─b─────c─────d──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - rate-limit: 100/s
 *   - rate-limit: { rate: 10/s, burst: 20, key: meta.peer, over: discard }
 * ```
 */
export function rateLimit(options: RateLimitOptions): MessageOperator {
  const { rate, burst = rate.count, over = 'pause', key, maxKeys = MAX_KEYS, name = 'rate-limit' } = options;
  const { capacity = capacityFor(rate, key !== undefined), scheduler = turnScheduler } = options;
  const tokenMs = rate.perMs / rate.count;
  const burstMs = tokenMs * (burst - 1);

  return (source) =>
    new Observable((subscriber) => {
      /** The one unused for longest first; as many as `maxKeys` and those of which messages wait. */
      const buckets = new Map<unknown, Bucket>();
      /** Those of which messages wait, in the order in which they are served. */
      const line = new Set<Bucket>();
      /** In all of them; sources are held from `capacity` on. */
      let waiting = 0;
      const sources = new HeldSources(name);
      let timer: Subscription | undefined;
      let hasCompleted = false;

      const bucketOf = (key: unknown): Bucket => {
        const bucket = buckets.get(key) ?? { fullAt: 0, waiting: new Ring<Message>() };
        buckets.delete(key);
        buckets.set(key, bucket);
        if (buckets.size > maxKeys) forgetOne();
        return bucket;
      };

      const forgetOne = (): void => {
        for (const [key, bucket] of buckets) {
          if (line.has(bucket)) continue;
          buckets.delete(key);
          return;
        }
      };

      /** Takes a token, if there is one. */
      const take = (bucket: Bucket, now: number): boolean => {
        if (bucket.fullAt - burstMs > now + PRECISION_MS) return false;
        bucket.fullAt = Math.max(bucket.fullAt, now) + tokenMs;
        return true;
      };

      const pass = (message: Message, bucket: Bucket): void => {
        if (bucket.waiting.length === 0 && take(bucket, scheduler.now())) {
          subscriber.next(message);
        } else if (over === 'discard') {
          message.discard('rate-limited');
        } else {
          wait(message, bucket);
        }
      };

      const wait = (message: Message, bucket: Bucket): void => {
        bucket.waiting.push(message.unpinned());
        line.add(bucket);
        waiting += 1;
        arm();
        if (waiting >= capacity) sources.hold(message);
      };

      const arm = (): void => {
        if (timer !== undefined || line.size === 0 || subscriber.closed) return;
        let fullAt = Number.POSITIVE_INFINITY;
        for (const bucket of line) fullAt = Math.min(fullAt, bucket.fullAt);
        timer = scheduler.schedule(serve, Math.max(0, fullAt - burstMs - scheduler.now()));
      };

      /** Lets pass what has tokens now, one of each key in turn. */
      const serve = (): void => {
        const now = scheduler.now();
        for (let hasServed = true; hasServed; ) {
          hasServed = false;
          for (const bucket of line) {
            if (!take(bucket, now)) continue;
            hasServed = true;
            emitFirst(bucket);
          }
        }
        timer = undefined;
        if (waiting <= capacity >> 1) sources.release();
        if (hasCompleted && waiting === 0) subscriber.complete();
        else arm();
      };

      const emitFirst = (bucket: Bucket): void => {
        const message = bucket.waiting.shift();
        if (bucket.waiting.length === 0) line.delete(bucket);
        if (message === undefined) return;
        waiting -= 1;
        subscriber.next(message);
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
            pass(message, bucketOf(of));
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            if (waiting === 0) subscriber.complete();
          },
        }),
      );
      subscriber.add(() => {
        timer?.unsubscribe();
        for (const bucket of line) {
          for (let next = bucket.waiting.shift(); next !== undefined; next = bucket.waiting.shift()) {
            next.giveBack('step-ended');
          }
        }
        line.clear();
        sources.release();
      });
    });
}

function capacityFor({ count, perMs }: Rate, hasKeys: boolean): number {
  return Math.max(hasKeys ? CAPACITY_WITH_KEYS : CAPACITY, Math.ceil((count / perMs) * AHEAD_MS));
}

interface Settings {
  readonly rate: Rate;
  readonly burst?: number | undefined;
  readonly over?: (typeof overs)[number] | undefined;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys'?: number | undefined;
}

const count = z.int().positive();

const options: z.ZodType<Settings> = shortForm(
  rate().transform((rate) => ({ rate })),
  z.strictObject({
    rate: rate().describe('How many may pass, and in what time.'),
    burst: count
      .optional()
      .describe('How many may pass at once after a rest; as many as the rate counts unless given.'),
    over: z
      .enum(overs)
      .optional()
      .describe('Whether what is over it waits or is discarded; pause unless given.'),
    key: value().optional().describe('A rate for each value of this.'),
    'max-keys': count.optional().describe('The most keys that are remembered; 10000 unless given.'),
  }),
  'a rate such as 100/s',
);

export const rateLimitStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'rate-limit',
  summary: 'Lets so many messages pass in a time; what is over it waits or is discarded.',
  options,
  order: ({ key, over = 'pause' }) => (key === undefined || over === 'discard' ? 'all' : 'key'),
  create: ({ rate, burst, over, key, 'max-keys': maxKeys }, { name, scheduler }) =>
    rateLimit({ rate, burst, over, key, maxKeys, name, scheduler }),
});
