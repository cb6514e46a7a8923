/** Sizes as people write them, `16MiB`; in code they are bytes. */
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';
import { found } from './found.ts';

export interface SizeOptions {
  /** The smallest allowed, in bytes; 1 unless given. */
  readonly min?: number;
  /** The largest allowed, in bytes. */
  readonly max?: number;
}

const pattern = /^(\d{1,16}(?:\.\d{1,6})?)(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB)$/;

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/**
 * Bytes of `64KiB` (65,536), `16MB` (16,000,000), `1.5GiB` or a plain number.
 * Throws an `AraldoError` (`invalid-value`) for anything else, and for what is out of range.
 *
 * @example
 * parseSize('1MiB') // 1048576
 */
export function parseSize(value: unknown, options: SizeOptions = {}): number {
  const result = read(value, options);
  if (typeof result === 'string') throw new AraldoError('invalid-value', result);
  return result;
}

/** Whether a value is written as a size with a unit, so that `buffer: 16MiB` differs from `buffer: 1024`. */
export function isSizeText(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/**
 * The type of a size in the schema of options: text with a unit, or bytes as a plain integer.
 *
 * @example
 * z.strictObject({ payload: size().default(1048576) }).parse({ payload: '64KiB' }) // { payload: 65536 }
 */
export function size(options: SizeOptions = {}): z.ZodType<number, string | number> {
  return z
    .union([z.string().meta({ pattern: pattern.source }), z.number()], {
      error: (issue) => expectation(issue.input),
    })
    .meta({
      description: 'A size: bytes as a number, or a number and a unit, such as 64KiB, 1MiB or 16MB.',
      examples: ['64KiB', '1MiB', 65_536],
    })
    .transform((value, context) => {
      const result = read(value, options);
      if (typeof result === 'number') return result;
      context.addIssue({ code: 'custom', message: result, input: value });
      return z.NEVER;
    });
}

/** The bytes, or what is wrong. */
function read(value: unknown, { min = 1, max = Number.MAX_SAFE_INTEGER }: SizeOptions): number | string {
  const bytes = bytesOf(value);
  if (bytes === undefined) return expectation(value);
  if (!Number.isInteger(bytes)) return `expected a whole number of bytes, found ${found(value)}`;
  if (bytes < min) return `expected a size of at least ${formatSize(min)}, found ${found(value)}`;
  if (bytes > max) return `expected a size of at most ${formatSize(max)}, found ${found(value)}`;
  return bytes;
}

function bytesOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const match = typeof value === 'string' ? pattern.exec(value) : null;
  if (match === null) return undefined;
  return Number(match[1]) * (unitBytes[match[2] ?? ''] ?? Number.NaN);
}

function expectation(value: unknown): string {
  return `expected a size such as 64KiB, found ${found(value)}`;
}

/** The text of a size, in the largest unit of 1,024 that keeps it exact: 65536 is `64KiB`, 1000 is `1000B`. */
export function formatSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const factor = unitBytes[unit] ?? 1;
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
