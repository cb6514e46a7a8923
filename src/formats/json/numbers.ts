/** Numbers in JSON that a double does not hold: found in the text, because the parsed value has lost them. */

/**
 * Parses again, with `replace(source)` in place of each number that would not leave as it came.
 * Costs ten times what parsing costs: for texts in which such a number is likely.
 */
export function readWith(text: string, replace: (source: string) => unknown): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && isChanged(source, value)
      ? replace(source)
      : value;
  });
}

/**
 * Whether a number as written is another one once it is a double. Up to 2^53 − 1 a double holds all whole
 * numbers, and decimals as closely as people expect of 0.1. Beyond, a number with an exponent is meant to be
 * approximate; one without must be written back digit for digit. None may become infinite.
 */
export function isChanged(source: string, value: number): boolean {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false;
  if (!Number.isFinite(value)) return true;
  return /[eE]/.test(source) ? false : source !== String(value);
}
