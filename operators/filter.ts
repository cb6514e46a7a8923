/** Keeps the messages of which a condition is true. */
import type { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { failStep } from '../src/core/step-fn.ts';
import { condition } from '../src/expression/option.ts';
import { found } from '../src/options/found.ts';

export interface FilterOptions {
  /** Where the step stands, for errors. */
  readonly name?: string;
}

/**
 * Forwards the messages of which `predicate` is true and discards the others as `filtered`.
 * A predicate that throws, or gives no boolean, costs that message alone. What passes keeps its bytes.
 *
 * ```
 * source  ──1──2──3──4──▶
 *         filter((message) => message.payload % 2 === 0)
 *         ─────2─────4──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - filter: has(payload.id) && payload.qty > 0
 * ```
 */
export function filter(
  predicate: (message: Message) => boolean,
  { name = 'filter' }: FilterOptions = {},
): MessageOperator {
  return stage((target) => (message) => {
    let isKept: unknown;
    try {
      isKept = predicate(message);
    } catch (thrown) {
      failStep(name, message, thrown);
      return;
    }
    if (isKept === true) target.next(message);
    else if (isKept === false) message.discard('filtered');
    else failStep(name, message, noBoolean(isKept));
  });
}

/** A promise would count as true, whatever it resolves to. */
function noBoolean(result: unknown): AraldoError {
  return new AraldoError('step-failed', `expected true or false, found ${found(result)}`);
}

const options: z.ZodType<(message: Message) => boolean, string> = condition();

export const filterStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'filter',
  summary: 'Keeps the messages of which a CEL condition is true.',
  options,
  create: (predicate, { name }) => filter(predicate, { name }),
});
