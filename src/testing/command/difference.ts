/** Where two values differ, in words: what a person would otherwise look for with the eye. */
import { isDeepStrictEqual } from 'node:util';
import { shownValue } from './shown-value.ts';

export interface Difference {
  /** `payload.items[2].qty`. */
  readonly path: string;
  /** `expected 2, found 3`. */
  readonly text: string;
}

/** More of them say no more than the values themselves. */
const MOST = 5;

/**
 * The parts of `found` that are not as `expected`; nothing when it is. In a partial comparison a map may have keys
 * that are not expected; a list has as many entries as expected in any case.
 */
export function differencesOf(
  expected: unknown,
  found: unknown,
  options: { readonly path: string; readonly isPartial: boolean },
): readonly Difference[] {
  const differences: Difference[] = [];
  compare(expected, found, options.path, options.isPartial, differences);
  return differences.slice(0, MOST);
}

function compare(
  expected: unknown,
  found: unknown,
  path: string,
  isPartial: boolean,
  differences: Difference[],
): void {
  if (differences.length > MOST) return;
  if (Array.isArray(expected) && Array.isArray(found)) {
    const length = Math.max(expected.length, found.length);
    for (let index = 0; index < length && differences.length <= MOST; index += 1) {
      const [one, other] = [entry(expected, index), entry(found, index)];
      compare(one, other, `${path}[${index}]`, isPartial, differences);
    }
    return;
  }
  if (isMap(expected) && isMap(found)) {
    const keys = isPartial
      ? Object.keys(expected)
      : [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    for (const key of keys) {
      compare(valueAt(expected, key), valueAt(found, key), pathTo(path, key), isPartial, differences);
    }
    return;
  }
  if (isEqual(expected, found)) return;
  differences.push({ path, text: `expected ${words(expected)}, found ${words(found)}` });
}

const NOTHING = Symbol('nothing');

function entry(list: readonly unknown[], index: number): unknown {
  return index < list.length ? list[index] : NOTHING;
}

function valueAt(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : NOTHING;
}

/** The values stand whole above: here only what they begin with. */
const LONGEST = 60;

function words(value: unknown): string {
  if (value === NOTHING) return 'nothing';
  const text = shownValue(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST).toWellFormed()}…`;
}

/** Bytes that are text are equal to the text: what travels has no types. */
function isEqual(expected: unknown, found: unknown): boolean {
  // Of the two zeros a file can write one.
  if (expected === found) return true;
  const bytes = typeof expected === 'string' ? Buffer.from(expected) : expected;
  if (bytes instanceof Uint8Array && found instanceof Uint8Array) return Buffer.compare(bytes, found) === 0;
  return isDeepStrictEqual(expected, found);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function pathTo(path: string, key: string): string {
  return /^[\p{L}\p{N}_-]+$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
