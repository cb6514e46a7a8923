/** The option `reply` of an endpoint whose messages are requests: how long answers may take, and how many may wait. */
import { z } from 'zod';
import type { Message } from '../core/message.ts';
import { value } from '../expression/option.ts';
import { duration } from '../options/duration.ts';
import { shortForm } from '../options/short-form.ts';

export interface ReplyLimits {
  /** Unset: what the endpoint takes by default. */
  readonly timeoutMs: number | undefined;
  readonly max: number;
  /** The correlation id of an answer, where its system has no other place for it than the payload. */
  readonly correlation: ((message: Message) => unknown) | undefined;
}

/** What an endpoint makes of them. */
export interface Asks extends ReplyLimits {
  readonly timeoutMs: number;
}

/** Unless the option says otherwise. */
export const REPLY_TIMEOUT_MS = 30_000;
const MAX_REQUESTS = 10_000;
/** Each is a few hundred bytes. */
const MOST_REQUESTS = 1_000_000;

type Written =
  | boolean
  | string
  | { timeout?: string | undefined; max?: number | undefined; correlation?: string | undefined };

/** With the time-out that an endpoint takes unless another is given. */
export function asksOf(limits: ReplyLimits, timeoutMs: number = REPLY_TIMEOUT_MS): Asks {
  return { ...limits, timeoutMs: limits.timeoutMs ?? timeoutMs };
}

/** `reply: true`, `reply: 30s` or `reply: { timeout: 30s, max: 10000 }`; nothing where it is off. */
export function replyOption(describes: string): z.ZodOptional<z.ZodType<ReplyLimits | undefined, Written>> {
  const short = z.union([
    z.boolean().transform((isOn) => (isOn ? limits(undefined) : undefined)),
    duration().transform(limits),
  ]);
  const long = z
    .strictObject({
      timeout: duration().optional().describe('How long an answer may take; 30s unless given.'),
      max: z
        .int()
        .min(1)
        .max(MOST_REQUESTS)
        .default(MAX_REQUESTS)
        .describe('The most requests that wait for their answers.'),
      correlation: value()
        .optional()
        .describe(
          'Where an answer has the correlation id of its request, in CEL, such as payload.requestId; meta.correlationId unless given.',
        ),
    })
    .transform(({ timeout, max, correlation }) => ({ timeoutMs: timeout, max, correlation }));
  const type: z.ZodType<ReplyLimits | undefined, Written> = shortForm(
    short,
    long,
    'true, a duration such as 30s',
  );
  return type.optional().describe(describes);
}

function limits(timeoutMs: number | undefined): ReplyLimits {
  return { timeoutMs, max: MAX_REQUESTS, correlation: undefined };
}
