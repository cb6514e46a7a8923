/** The options of a mock endpoint. */
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import { compileFormula } from '../../src/expression/expression.ts';
import { duration } from '../../src/options/duration.ts';

/** Makes the payload of the `n`th message, at a time in milliseconds. */
export type MakePayload = (tick: { readonly n: number; readonly now: number }) => unknown;

export interface MockOptions {
  /** Mock endpoints of one server with the same channel receive what is sent to each other. */
  readonly channel?: string | undefined;
  /** What it emits by itself, one after the other and again from the first. */
  readonly messages: readonly MakePayload[];
  readonly everyMs: number;
}

/** The most messages of a list; they are written into a configuration by hand. */
const MOST_MESSAGES = 1024;

const message: z.ZodType<MakePayload, object> = z
  .union(
    [
      z.strictObject({ payload: z.unknown().meta({ description: 'The payload as it is.' }) }),
      z.strictObject({
        expression: z.string().meta({
          description: 'The payload in CEL, of n (0, 1, 2 …) and now (milliseconds).',
          examples: ['{"n": n, "at": now}'],
        }),
      }),
    ],
    { error: 'expected a message as {payload: …} or {expression: …}' },
  )
  .transform((given, context) => {
    // A copy each time: a step that changes its payload must not change the next message.
    if ('payload' in given) return () => structuredClone(given.payload);
    try {
      return compileFormula(given.expression, ['n', 'now']);
    } catch (thrown) {
      const { message } = AraldoError.from(thrown, 'invalid-expression');
      context.addIssue({ code: 'custom', message, input: given.expression, path: ['expression'] });
      return z.NEVER;
    }
  });

export const mockOptions: z.ZodType<MockOptions, object> = z
  .strictObject({
    channel: z
      .union([z.string(), z.number()], { error: 'expected the name of a channel' })
      .refine((name) => name !== '', { error: 'expected the name of a channel, found ""' })
      .optional()
      .meta({ description: 'What is sent to a mock endpoint arrives at the others with the same channel.' }),
    messages: z.array(message).max(MOST_MESSAGES).default([]).meta({
      description: 'What it emits by itself, one after the other and again from the first.',
    }),
    every: duration().default(1000).meta({ description: 'The time between two of its messages.' }),
  })
  .transform(({ channel, messages, every }) => ({
    channel: channel === undefined ? undefined : String(channel),
    messages,
    everyMs: every,
  }));
