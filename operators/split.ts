/** Makes several messages of one. */
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { emitParts, failStep } from '../src/core/step-fn.ts';
import { value } from '../src/expression/option.ts';
import { found } from '../src/options/found.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface SplitOptions {
  /** Gives the payloads of the parts; the payload itself unless given, which must be a list then. */
  readonly into?: ((message: Message) => unknown) | undefined;
  /** The most parts of a message; 10,000 unless given. One that has more fails. */
  readonly max?: number | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
}

const MAX = 10_000;

/**
 * Forwards a message for each entry of a list, in its order. Their ids are that of the message with `/0`, `/1` and so
 * on, so that they are the same when it is delivered again; the rest of their meta is its meta. The message is acked
 * when all of them are, and has the worst of their statuses.
 *
 * An empty list ends the message: it is discarded as `empty`. What is no list, or too long, fails it before any part
 * has left.
 *
 * ```
 * source  ──[a,b]──[]──[c]──▶
 *         split()
 *         ──a─b────────c────▶   ids 7/0, 7/1 and 9/0; the second is acked
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - split: payload.items
 *   - split: { into: payload.lines, max: 500 }
 * ```
 */
export function split(options: SplitOptions = {}): MessageOperator {
  const { into = ({ payload }) => payload, max = MAX, name = 'split' } = options;

  return stage((target) => (message) => {
    let parts: readonly unknown[];
    try {
      parts = listOf(into(message), max);
    } catch (thrown) {
      failStep(name, message, thrown);
      return;
    }
    emitParts(message, parts, target);
  });
}

/** A copy: what follows may change the list while its parts leave. */
function listOf(value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new AraldoError('step-failed', `expected a list, found ${found(value)}`);
  if (value.length <= max) return [...(value as unknown[])];
  throw new AraldoError('step-failed', `expected a list of at most ${max} entries, found ${value.length}`);
}

const options: z.ZodType<Pick<SplitOptions, 'into' | 'max'>> = shortForm(
  value().transform((into) => ({ into })),
  z.strictObject({
    into: value().optional().describe('The list, in CEL; the payload itself unless given.'),
    max: z
      .int()
      .positive()
      .max(1_000_000)
      .default(MAX)
      .describe('The most parts; a message with more fails.'),
  }),
  'an expression that gives a list, such as payload.items',
);

export const splitStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'split',
  summary: 'Makes a message of each entry of a list.',
  options,
  gathers: () => 0,
  create: (options, { name }) => split({ ...options, name }),
});
