/** The option `reply` of an endpoint whose messages are requests: how long answers may take, and how many may wait. */
import { z } from 'zod';
import { duration } from '../options/duration.ts';
import { shortForm } from '../options/short-form.ts';

export interface ReplyLimits {
  /** Unset: what the endpoint takes by default. */
  readonly timeoutMs: number | undefined;
  readonly max: number;
}

/** Unless the option says otherwise. */
export const REPLY_TIMEOUT_MS = 30_000;
const MAX_REQUESTS = 10_000;
/** Each is a few hundred bytes. */
const MOST_REQUESTS = 1_000_000;

type Written = boolean | string | { timeout?: string | undefined; max?: number | undefined };

/** `reply: true`, `reply: 30s` or `reply: { timeout: 30s, max: 10000 }`; nothing where it is off. */
export function replyOption(describes: string): z.ZodOptional<z.ZodType<ReplyLimits | undefined, Written>> {
  const short = z.union([
    z.boolean().transform((isOn) => (isOn ? { timeoutMs: undefined, max: MAX_REQUESTS } : undefined)),
    duration().transform((timeoutMs) => ({ timeoutMs, max: MAX_REQUESTS })),
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
    })
    .transform(({ timeout, max }) => ({ timeoutMs: timeout, max }));
  const type: z.ZodType<ReplyLimits | undefined, Written> = shortForm(
    short,
    long,
    'true, a duration such as 30s',
  );
  return type.optional().describe(describes);
}
