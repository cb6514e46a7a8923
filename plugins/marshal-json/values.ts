/** What may stand in a JSON value, and what must not. */

/** Levels of lists and maps. */
const DEEPEST = 64;

/** Nothing is wrong with the value so far, but a number in it is so large that its text must be looked at. */
export const UNSURE: unique symbol = Symbol('unsure');

const DEPTH = `more than ${DEEPEST} levels`;
const PROTO = 'the key "__proto__"';
const CONSTRUCTOR = 'the key "constructor.prototype"';

/** What is wrong with what `JSON.parse` gave; one walk, and for most values the only cost of being strict. */
export function flawOfParsed(value: unknown, depth = 0): string | typeof UNSURE | undefined {
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? undefined : UNSURE;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === DEEPEST) return DEPTH;
  let flaw: typeof UNSURE | undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = flawOfParsed(value[index], depth + 1);
      if (typeof found === 'string') return found;
      flaw ??= found;
    }
    return flaw;
  }
  for (const key in value) {
    if (isForbidden(key, value)) return key === '__proto__' ? PROTO : CONSTRUCTOR;
    const found = flawOfParsed((value as Record<string, unknown>)[key], depth + 1);
    if (typeof found === 'string') return found;
    flaw ??= found;
  }
  return flaw;
}

/**
 * What in a value has no form in JSON, or one that would be refused where it arrives. An undefined property is
 * left out, as everywhere; an undefined element is not, since the others would mean something else then.
 */
export function flawOf(value: unknown, depth = 0): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : String(value);
    case 'object':
      if (value === null) return undefined;
      break;
    case 'undefined':
      return 'undefined';
    default:
      return `a ${typeof value}`;
  }
  if (depth === DEEPEST) return `${DEPTH} (or a value that contains itself)`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const flaw = flawOf(value[index], depth + 1);
      if (flaw !== undefined) return flaw;
    }
    return undefined;
  }
  return flawOfObject(value as Record<string, unknown>, depth);
}

function flawOfObject(object: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  // Bytes have a `toJSON` too, which writes a list of numbers: nobody means that.
  if (object instanceof Uint8Array) return 'bytes';
  if (typeof object['toJSON'] === 'function') return flawOf(object['toJSON'](), depth + 1);
  const kind = Object.prototype.toString.call(object);
  // A Map, an Error, a Promise and others would be written as {}.
  if (kind !== '[object Object]') return `a ${kind.slice('[object '.length, -1)}`;
  for (const key of Object.keys(object)) {
    if (isForbidden(key, object)) return key === '__proto__' ? PROTO : CONSTRUCTOR;
    const item = object[key];
    const flaw = item === undefined ? undefined : flawOf(item, depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

/** Keys through which a careless merge reaches `Object.prototype`. */
function isForbidden(key: string, owner: object): boolean {
  if (key === '__proto__') return true;
  if (key !== 'constructor') return false;
  const value: unknown = (owner as Record<string, unknown>)[key];
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}
