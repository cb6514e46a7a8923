/** Durations as people write them, `250ms`; in code they are milliseconds. */
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';
import { found } from './found.ts';

/** What a timer of Node can wait: beyond it, it would fire at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

export interface DurationOptions {
  /** The shortest allowed, in milliseconds; 1 unless given. 0 allows `0s`. */
  readonly min?: number;
  /** The longest allowed, in milliseconds; what a timer can wait unless given. */
  readonly max?: number;
}

const pattern = /^(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)$/;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of `250ms`, `10s`, `1.5m`, `1h` or `2d`.
 * Throws an `AraldoError` (`invalid-value`) for anything else, and for what is out of range.
 *
 * @example
 * parseDuration('1.5s') // 1500
 */
export function parseDuration(text: unknown, options: DurationOptions = {}): number {
  const result = read(text, options);
  if (typeof result === 'string') throw new AraldoError('invalid-value', result);
  return result;
}

/**
 * The type of a duration in the schema of options. A default is given in milliseconds.
 *
 * @example
 * z.strictObject({ every: duration().default(1000) }).parse({ every: '2s' }) // { every: 2000 }
 */
export function duration(options: DurationOptions = {}): z.ZodType<number, string> {
  return z
    .string({ error: (issue) => expectation(issue.input) })
    .meta({
      description: 'A duration: a number and a unit (ms, s, m, h or d), such as 250ms.',
      pattern: pattern.source,
      examples: ['250ms', '10s', '5m'],
    })
    .transform((text, context) => {
      const result = read(text, options);
      if (typeof result === 'number') return result;
      context.addIssue({ code: 'custom', message: result, input: text });
      return z.NEVER;
    });
}

/** The milliseconds, or what is wrong. */
function read(text: unknown, { min = 1, max = LONGEST_TIMER_MS }: DurationOptions): number | string {
  const match = typeof text === 'string' ? pattern.exec(text) : null;
  if (match === null) return expectation(text);
  const ms = Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN);
  // Of 0.001ms nothing is left to wait for; of 1.1s there are 1100 ms, whatever the double says.
  const whole = Math.round(ms);
  if (Math.abs(ms - whole) > 1e-6) return `expected a whole number of milliseconds, found ${found(text)}`;
  if (whole < min) return `expected a duration of at least ${formatDuration(min)}, found ${found(text)}`;
  if (whole > max) return `expected a duration of at most ${formatDuration(max)}, found ${found(text)}`;
  return whole;
}

function expectation(value: unknown): string {
  return `expected a duration such as 250ms, found ${found(value)}`;
}

/** The text of a duration, in the largest unit that keeps it exact: 90000 is `90s`, 60000 is `1m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = unitMs[unit] ?? 1;
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
