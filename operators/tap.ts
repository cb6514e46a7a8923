/** Lets code look at messages as they pass. */

import type { SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { type Log, silentLog } from '../src/core/log.ts';
import type { Message } from '../src/core/message.ts';
import {
  defineOperator,
  type MessageOperator,
  type RxOperator,
  type StepContext,
} from '../src/core/operator.ts';
import { createRateLimitedLog } from '../src/core/rate-limited-log.ts';
import { stage } from '../src/core/stage.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface TapOptions {
  /** Told of what `look` throws, a line a second at most, with how many were left out. */
  readonly log?: Log;
  /** Where the step stands, for the log. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

/**
 * Shows each message to `look` and forwards it, at once and as it is. What `look` throws, or rejects with, is logged
 * and costs nothing; what it returns is not waited for. It must neither settle the message nor change its payload.
 *
 * ```
 * source  ──a──b──c──▶
 *         tap(look)        sees a, b, c
 *         ──a──b──c──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - tap: ./count-orders.ts
 *   - tap: { use: ./count-orders.ts, with: { currency: EUR } }
 * ```
 *
 * The file exports what makes `look`, of the options in `with:` and the step's context:
 *
 * ```ts
 * // count-orders.ts
 * import type { Message, StepContext } from 'araldo';
 *
 * export default (options: { currency?: string } | undefined, { log }: StepContext) => {
 *   let count = 0;
 *   return (message: Message) => {
 *     count += 1;
 *     log.debug({ id: message.id, currency: options?.currency }, `order ${count}`);
 *   };
 * };
 * ```
 */
export function tap(look: (message: Message) => unknown, options: TapOptions = {}): MessageOperator {
  const { log = silentLog, name = 'tap', scheduler = turnScheduler } = options;

  return stage((target) => {
    const warn = createRateLimitedLog({ log, level: 'warn', everyMs: 1_000, scheduler });
    const failed = (thrown: unknown): void => {
      const { message } = AraldoError.from(thrown, 'step-failed');
      warn({ step: name }, `step ${name} threw while it looked at a message: ${message}`);
    };

    return (message) => {
      try {
        const answer = look(message);
        if (answer instanceof Promise) answer.catch(failed);
      } catch (thrown) {
        failed(thrown);
      }
      target.next(message);
    };
  });
}

/** What the file of a tap exports: it is called once, when the route is compiled. */
export type TapFactory = (options: unknown, context: StepContext) => (message: Message) => unknown;

interface Settings {
  readonly use: string;
  readonly with?: unknown;
  /** What the file exports, when it has been loaded. */
  readonly factory?: TapFactory;
}

const use = z
  .string()
  .regex(/^\.{1,2}\//, { error: 'expected the path of a file such as ./count-orders.ts' });

const options: z.ZodType<Settings> = shortForm(
  use.transform((use) => ({ use })),
  z.strictObject({
    use: use.describe('The file, relative to the configuration.'),
    with: z.json().optional().describe('The options that what it exports is called with.'),
  }),
  'the path of a file such as ./count-orders.ts',
);

export const tapStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'tap',
  summary: 'Lets code of yours look at messages as they pass.',
  options,
  async prepare(options, files) {
    const factory = await files.load(options.use);
    if (typeof factory === 'function') return { value: { ...options, factory: factory as TapFactory } };
    return { issues: [{ message: `expected ${options.use} to export a function as its default` }] };
  },
  create({ use, with: own, factory }, context) {
    const look = factory?.(own, context);
    if (typeof look === 'function') return tap(look, context);
    throw new AraldoError('plugin-invalid', `expected what ${use} exports to return a function of a message`);
  },
});
