/** Keeps the order of each key, whatever follows does with many messages at once. */
import { Observable } from 'rxjs';
import { z } from 'zod';
import { keyOf } from '../src/core/key.ts';
import { Lines } from '../src/core/lines.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { value } from '../src/expression/option.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface OrderByOptions {
  /** Messages of equal keys keep their order; `meta.key` unless given. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** The most messages that wait for others; 1,024 unless given. Then their sources are held. */
  readonly max?: number | undefined;
  /** What people read where it holds a gate. */
  readonly name?: string;
}

const MAX = 1_024;

/**
 * Lets one message of each key on at a time: the next one follows when that is settled, so that neither concurrency
 * nor retries behind it change the order of a key. Messages whose key is nothing have no order to keep and pass.
 *
 * What is nacked at its source comes again as a new message, behind those that have come since. What gathers messages
 * behind it, such as `batch`, gets one of a key and waits for others in vain: put it before.
 *
 * ```
 * source  ──a1──a2──b1──────────▶   a1 is settled at |
 *         orderBy({ key })
 *         ──a1──────b1────|a2───▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - order-by: payload.account
 *   - order-by: { key: payload.account, max: 256 }
 * ```
 */
export function orderBy(options: OrderByOptions = {}): MessageOperator {
  const { key = ({ meta }) => meta.key, max = MAX, name = 'order-by' } = options;

  return (source) =>
    new Observable((subscriber) => {
      let hasCompleted = false;
      const lines = new Lines({
        name,
        max,
        emit: (message) => subscriber.next(message),
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

const options: z.ZodType<Pick<OrderByOptions, 'key' | 'max'>> = shortForm(
  value().transform((key) => ({ key })),
  z.strictObject({
    key: value().optional().describe('Messages of equal keys keep their order; meta.key unless given.'),
    max: z
      .int()
      .positive()
      .default(MAX)
      .describe('The most messages that wait; then their sources are held.'),
  }),
  'an expression such as payload.account',
);

export const orderByStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'order-by',
  summary: 'Lets one message of each key on at a time, so that their order is kept whatever follows.',
  options,
  order: (): 'key' => 'key',
  create: (options, { name }) => orderBy({ ...options, name }),
});
