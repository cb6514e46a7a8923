/** What leaves an expression: plain JavaScript, without the types of the expression library. */
import { evaluate, Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';

/** As deep as JSON may be; what is deeper, or contains itself, is refused. */
const DEEPEST = 64;

const Type = (evaluate('type(1)') as object).constructor;

/**
 * The value with numbers for BigInts, milliseconds for durations, names for types. What needs no change is
 * returned as it is, so that parts of a payload are neither copied nor changed.
 *
 * Throws a `RangeError` for what has no plain form.
 */
export function plain(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return numberOf(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) throw new RangeError(`the result is nested deeper than ${DEEPEST} levels`);
  if (Array.isArray(value)) return plainList(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return plainMap(value as Record<string, unknown>, depth);
  }
  if (value instanceof UnsignedInt) return numberOf(value.valueOf());
  if (value instanceof Duration) return value.valueOf();
  if (value instanceof Type) return (value as unknown as { readonly name: string }).name;
  if (value instanceof Optional) {
    if (value.hasValue()) return plain(value.value(), depth);
    throw new RangeError('the result is an optional without a value: end it with .orValue(…)');
  }
  return value;
}

function numberOf(integer: bigint): number {
  const number = Number(integer);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`the result ${integer} is larger than a number can hold exactly`);
}

function plainList(list: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    const changed = plain(item, depth + 1);
    if (changed === item) continue;
    copy ??= [...list];
    copy[index] = changed;
  }
  return copy ?? list;
}

function plainMap(map: Readonly<Record<string, unknown>>, depth: number): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(map)) {
    const item = map[key];
    const changed = plain(item, depth + 1);
    // NaN differs from itself; copying then costs a little and harms nothing.
    if (changed === item) continue;
    if (key === '__proto__') throw new RangeError('a map cannot have the key "__proto__"');
    copy ??= { ...map };
    copy[key] = changed;
  }
  return copy ?? map;
}
