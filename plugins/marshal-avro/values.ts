/** Values as the library has them ↔ plain ones: it makes an object of a class for each record. */
import { AraldoError } from '../../src/core/errors.ts';
import { DEEPEST } from '../../src/formats/depth.ts';

/** A plain value of what the library read, with bytes of its own. */
export function plainOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plainOf);
  const plain: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) plain[key] = plainOf(item);
  return plain;
}

/** What the library may write: a copy with a Buffer for bytes. Throws an `AraldoError` (`unmarshallable-payload`). */
export function writableOf(value: unknown, depth = 0): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) throw noForm('half of a surrogate pair');
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') {
    throw noForm(`a ${typeof value}`);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (depth === DEEPEST) throw noForm(`more than ${DEEPEST} levels (or a value that contains itself)`);
  if (Array.isArray(value))
    return Array.from(value as readonly unknown[], (item) => writableOf(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw noForm('an object of a class');
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw noForm('the key "__proto__"');
    if (!key.isWellFormed()) throw noForm('half of a surrogate pair');
    if (item !== undefined) copy[key] = writableOf(item, depth + 1);
  }
  return copy;
}

function noForm(what: string): AraldoError {
  return new AraldoError('unmarshallable-payload', `Avro has no form for ${what}`);
}
