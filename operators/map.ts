/** Makes a new payload of each message. */
import type { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { failStep } from '../src/core/step-fn.ts';
import { value } from '../src/expression/option.ts';

export interface MapOptions {
  /** Where the step stands, for errors. */
  readonly name?: string;
}

/**
 * Forwards each message with the payload that `project` gives. A list stays one payload. Throwing, or giving
 * `undefined` or a promise, costs that message alone. To change meta too, give `message.with(payload, meta)`.
 *
 * ```
 * source  ──1──2──3──▶
 *         map((message) => message.payload * 10)
 *         ──10─20─30─▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - map: '{"id": payload.id, "total": payload.qty * payload.price}'
 * ```
 */
export function map(
  project: (message: Message) => unknown,
  { name = 'map' }: MapOptions = {},
): MessageOperator {
  return stage((target) => (message) => {
    let result: unknown;
    try {
      result = project(message);
    } catch (thrown) {
      failStep(name, message, thrown);
      return;
    }
    if (result instanceof Message) target.next(result);
    else if (result === undefined) failStep(name, message, noPayload('undefined (a forgotten return?)'));
    else if (result instanceof Promise) failStep(name, message, noPayload('a promise: use an async step'));
    // Without the bytes it came in: `project` may also have changed the payload in place.
    else target.next(message.with(result));
  });
}

function noPayload(found: string): AraldoError {
  return new AraldoError('step-failed', `expected a payload, found ${found}`);
}

const options: z.ZodType<(message: Message) => unknown, string> = value();

export const mapStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'map',
  summary: 'Makes a new payload of each message, by a CEL expression.',
  options,
  create: (project, { name }) => map(project, { name }),
});
