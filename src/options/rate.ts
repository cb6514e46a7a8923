/** Rates as people write them, `100/s`. */
import { z } from 'zod';
import { LONGEST_TIMER_MS } from './duration.ts';
import { found } from './found.ts';

/** So many in so much time. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

const pattern = /^(\d{1,9})\/(\d{0,9})(ms|s|m|h|d)$/;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The type of a rate in the schema of options: `100/s`, `10/m`, `500/10s`.
 *
 * @example
 * z.strictObject({ rate: rate() }).parse({ rate: '100/s' }) // { rate: { count: 100, perMs: 1000 } }
 */
export function rate(): z.ZodType<Rate, string> {
  return z
    .string({ error: (issue) => expectation(issue.input) })
    .meta({
      description: 'A rate: how many, and in what time, such as 100/s, 10/m or 500/10s.',
      pattern: pattern.source,
      examples: ['100/s', '10/m', '500/10s'],
    })
    .transform((text, context) => {
      const result = read(text);
      if (typeof result === 'object') return result;
      context.addIssue({ code: 'custom', message: result, input: text });
      return z.NEVER;
    });
}

/** The rate, or what is wrong. */
function read(text: string): Rate | string {
  const [, count = '', times = '', unit = ''] = pattern.exec(text) ?? [];
  const perMs = (times === '' ? 1 : Number(times)) * (unitMs[unit] ?? Number.NaN);
  if (Number.isNaN(perMs)) return expectation(text);
  if (Number(count) < 1 || perMs < 1) return `expected a rate of more than nothing, found ${found(text)}`;
  if (perMs > LONGEST_TIMER_MS) return `expected a rate over at most 24d, found ${found(text)}`;
  return { count: Number(count), perMs };
}

function expectation(value: unknown): string {
  return `expected a rate such as 100/s, found ${found(value)}`;
}
