/** What may stand in a JSON value, and what must not. */

interface JsonForm {
  toJSON(): unknown;
}

/** Levels of lists and maps. */
const DEEPEST = 64;

/** Nothing is wrong with the value so far, but a number in it is so large that its text must be looked at. */
export const UNSURE: unique symbol = Symbol('unsure');

const DEPTH = `more than ${DEEPEST} levels`;
const PROTO = 'the key "__proto__"';
const CONSTRUCTOR = 'the key "constructor.prototype"';

/** What is wrong with what `JSON.parse` gave; one walk, and for most values the only cost of being strict. */
export function flawOfParsed(value: unknown): string | typeof UNSURE | undefined {
  if (typeof value === 'number') return isCoarse(value) ? UNSURE : undefined;
  return typeof value === 'object' && value !== null ? flawWithin(value, 0) : undefined;
}

/** Called for lists and maps alone: most of what there is are their items, and a call for each would show. */
function flawWithin(container: object, depth: number): string | typeof UNSURE | undefined {
  if (depth === DEEPEST) return DEPTH;
  let isUnsure = false;
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index += 1) {
      const item: unknown = container[index];
      if (typeof item === 'number') isUnsure ||= isCoarse(item);
      else if (typeof item === 'object' && item !== null) {
        const flaw = flawWithin(item, depth + 1);
        if (typeof flaw === 'string') return flaw;
        isUnsure ||= flaw === UNSURE;
      }
    }
  } else {
    for (const key in container) {
      if (key === '__proto__') return PROTO;
      const item = (container as Record<string, unknown>)[key];
      if (typeof item === 'number') isUnsure ||= isCoarse(item);
      else if (typeof item === 'object' && item !== null) {
        if (key === 'constructor' && Object.hasOwn(item, 'prototype')) return CONSTRUCTOR;
        const flaw = flawWithin(item, depth + 1);
        if (typeof flaw === 'string') return flaw;
        isUnsure ||= flaw === UNSURE;
      }
    }
  }
  return isUnsure ? UNSURE : undefined;
}

/** Beyond 2^53 − 1, doubles leave out whole numbers. */
function isCoarse(number: number): boolean {
  return number > Number.MAX_SAFE_INTEGER || number < -Number.MAX_SAFE_INTEGER;
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
    case 'bigint':
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
  }
  if (depth === DEEPEST) return `${DEPTH} (or a value that contains itself)`;
  if (Array.isArray(value)) return flawOfList(value, depth);
  const object = value as Readonly<Record<string, unknown>>;
  const isPlain = Object.getPrototypeOf(object) === Object.prototype && !Object.hasOwn(object, 'toJSON');
  return isPlain ? flawOfMap(object, depth) : flawOfInstance(object, depth);
}

function flawOfList(list: readonly unknown[], depth: number): string | undefined {
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    const flaw = typeof item === 'string' ? undefined : flawOf(item, depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function flawOfMap(map: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  for (const key of Object.keys(map)) {
    if (key === '__proto__') return PROTO;
    const item = map[key];
    if (typeof item === 'string' || item === undefined) continue;
    if (
      key === 'constructor' &&
      typeof item === 'object' &&
      item !== null &&
      Object.hasOwn(item, 'prototype')
    ) {
      return CONSTRUCTOR;
    }
    const flaw = flawOf(item, depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function flawOfInstance(object: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  // Bytes have a `toJSON` too, which writes a list of numbers: nobody means that.
  if (object instanceof Uint8Array) return 'bytes';
  if (typeof object['toJSON'] === 'function')
    return flawOf((object as unknown as JsonForm).toJSON(), depth + 1);
  const kind = Object.prototype.toString.call(object);
  // A Map, an Error, a Promise and others would be written as {}.
  return kind === '[object Object]' ? flawOfMap(object, depth) : `a ${kind.slice('[object '.length, -1)}`;
}
