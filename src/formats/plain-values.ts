/** What a value may be made of where a format has null, booleans, numbers, text, bytes, dates, lists and maps. */
import { AraldoError } from '../core/errors.ts';
import { FARTHEST_S } from './dates.ts';
import { DEEPEST } from './depth.ts';

/** Nothing is wrong with the value, but the libraries would not write all of it as it is meant. */
const COPY: unique symbol = Symbol('copy');

/**
 * The value as a library may write it: the same one, or a copy without undefined properties and with a bigint for
 * each whole number of more than 32 bits, which the libraries would write as a float. Throws an `AraldoError`
 * (`unmarshallable-payload`) that names what has no form.
 *
 * @example
 * packr.pack(writable('MessagePack', { id: 1732320000000, note: undefined })); // { id: 1732320000000n }
 */
export function writable(format: string, value: unknown): unknown {
  try {
    const flaw = flawOf(value, 0);
    if (flaw === undefined) return value;
    if (flaw === COPY) return copyOf(value);
    throw new AraldoError('unmarshallable-payload', `${format} has no form for ${flaw}`);
  } catch (thrown) {
    // A getter may throw anything.
    throw AraldoError.from(thrown, 'unmarshallable-payload');
  }
}

type Flaw = string | typeof COPY | undefined;

function flawOf(value: unknown, depth: number): Flaw {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'half of a surrogate pair';
    case 'boolean':
      return undefined;
    case 'number':
      return isWide(value) ? COPY : undefined;
    case 'object':
      return value === null ? undefined : flawOfObject(value, depth);
    case 'undefined':
      return 'undefined';
    default:
      return `a ${typeof value}`;
  }
}

function flawOfObject(value: object, depth: number): Flaw {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isList = Array.isArray(value);
  if (isList || prototype === Object.prototype || prototype === null) {
    if (depth === DEEPEST) return `more than ${DEEPEST} levels (or a value that contains itself)`;
    return isList ? flawOfList(value, depth) : flawOfMap(value as Readonly<Record<string, unknown>>, depth);
  }
  if (value instanceof Uint8Array) return undefined;
  if (value instanceof Date) return flawOfDate(value);
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return kind === 'Object' ? 'an object of a class' : `a ${kind}`;
}

function flawOfDate(date: Date): Flaw {
  if (Number.isNaN(date.getTime())) return 'an invalid Date';
  return Math.abs(date.getTime()) > FARTHEST_S * 1000 ? 'a Date beyond the year 71,000' : undefined;
}

function flawOfList(list: readonly unknown[], depth: number): Flaw {
  let needsCopy = false;
  for (let index = 0; index < list.length; index += 1) {
    const flaw = flawOf(list[index], depth + 1);
    if (typeof flaw === 'string') return flaw;
    needsCopy ||= flaw === COPY;
  }
  return needsCopy ? COPY : undefined;
}

function flawOfMap(map: Readonly<Record<string, unknown>>, depth: number): Flaw {
  let needsCopy = false;
  for (const key of Object.keys(map)) {
    if (key === '__proto__') return 'the key "__proto__"';
    if (!key.isWellFormed()) return 'half of a surrogate pair';
    const item = map[key];
    if (item === undefined) {
      needsCopy = true;
      continue;
    }
    if (
      key === 'constructor' &&
      typeof item === 'object' &&
      item !== null &&
      Object.hasOwn(item, 'prototype')
    )
      return 'the key "constructor.prototype"';
    const flaw = flawOf(item, depth + 1);
    if (typeof flaw === 'string') return flaw;
    needsCopy ||= flaw === COPY;
  }
  return needsCopy ? COPY : undefined;
}

/** A whole number that a double holds exactly and 32 bits do not. */
function isWide(number: number): boolean {
  return (number > 0xffff_ffff || number < -0x8000_0000) && Number.isSafeInteger(number);
}

function copyOf(value: unknown): unknown {
  if (typeof value === 'number') return isWide(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Uint8Array || value instanceof Date) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) copy[key] = copyOf(item);
  return copy;
}
