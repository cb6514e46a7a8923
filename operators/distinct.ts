/** Leaves out what has not changed. */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { fingerprint } from '../src/core/fingerprint.ts';
import { keyOf } from '../src/core/key.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { failStep } from '../src/core/step-fn.ts';
import { value } from '../src/expression/option.ts';
import { shortForm } from '../src/options/short-form.ts';
import { size } from '../src/options/size.ts';

export interface DistinctOptions {
  /** What must have changed; the payload unless given. */
  readonly value?: ((message: Message) => unknown) | undefined;
  /** A last value for each key. A throw, here or by `value`, costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Keys whose last value is remembered; 10,000 unless given. One more, and the one unused longest is forgotten. */
  readonly maxKeys?: number | undefined;
  /** The bytes of all remembered values; 16 MiB unless given. What is larger by itself is never remembered. */
  readonly maxBytes?: number | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
}

const MAX_KEYS = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Forwards a message whose value differs from the last one with its key, and discards the others as `unchanged`. Maps
 * are equal when they hold the same, whatever its order. What is forgotten passes once more than needed.
 *
 * A message that is delivered again passes in any case: its first delivery came to nothing, so that its value may not
 * have arrived, though it was seen here.
 *
 * ```
 * source  ──a1──a1──b1──a2──b1──a1──▶
 *         distinct({ key, value })
 *         ──a1──────b1──a2──────a1──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - distinct: payload.state
 *   - distinct: { key: payload.sensor, value: payload.reading }
 * ```
 */
export function distinct(options: DistinctOptions = {}): MessageOperator {
  const { value = ({ payload }) => payload, key, name = 'distinct' } = options;
  const { maxKeys = MAX_KEYS, maxBytes = MAX_BYTES } = options;

  return stage((target) => {
    const last = new LRUCache<string, string>({
      max: maxKeys,
      maxSize: maxBytes,
      // Text of two bytes a character at most, and an entry.
      sizeCalculation: (value, key) => (value.length + key.length) * 2 + 64,
    });

    return (message) => {
      let of: string;
      let now: string;
      try {
        of = fingerprint(keyOf(message, key));
        now = fingerprint(value(message));
      } catch (thrown) {
        failStep(name, message, thrown);
        return;
      }
      const isAgain = (message.meta.deliveries ?? 1) > 1;
      if (last.get(of) === now && !isAgain) {
        message.discard('unchanged');
        return;
      }
      last.set(of, now);
      target.next(message);
    };
  });
}

interface Settings {
  readonly value?: ((message: Message) => unknown) | undefined;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys'?: number | undefined;
  readonly 'max-bytes'?: number | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  value().transform((value) => ({ value })),
  z.strictObject({
    value: value().optional().describe('What must have changed, in CEL; the payload unless given.'),
    key: value().optional().describe('A last value for each value of this.'),
    'max-keys': z.int().positive().default(MAX_KEYS).describe('Keys that are remembered.'),
    'max-bytes': size()
      .default(MAX_BYTES)
      .describe('Bytes of values that are remembered; 16MiB unless given.'),
  }),
  'an expression such as payload.state',
);

export const distinctStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'distinct',
  summary: 'Leaves out messages whose value is that of the last one with the same key.',
  options,
  create: ({ value, key, 'max-keys': maxKeys, 'max-bytes': maxBytes }, { name }) =>
    distinct({ value, key, maxKeys, maxBytes, name }),
});
