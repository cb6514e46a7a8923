/** A field: text, or what its column says that the text means. */
import { isChanged } from '../../src/formats/json/numbers.ts';
import { found } from '../../src/options/found.ts';
import type { FieldType } from './options.ts';

/** What is wrong with a field; the caller says where it stands. */
export class WrongField extends Error {}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const INTEGER = /^-?(?:0|[1-9]\d*)$/;

/** Throws `WrongField`. */
export function readField(text: string, type: FieldType): unknown {
  if (type === 'text') return text;
  if (text === '') return null;
  if (type === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new WrongField('expected true or false, found other text');
  }
  if (!(type === 'integer' ? INTEGER : NUMBER).test(text)) {
    throw new WrongField(`expected ${type === 'integer' ? 'an integer' : 'a number'}, found other text`);
  }
  const number = Number(text);
  if (isChanged(text, number)) {
    throw new WrongField(
      'expected a number that stays what it is, found one that is too large (as text it passes)',
    );
  }
  // A −0 would be written as 0.
  return number + 0;
}

/** Throws `WrongField`. */
export function writeField(value: unknown, type: FieldType): string {
  if (value === undefined || value === null) return '';
  if (type === 'text') return writeText(value);
  if (type === 'boolean') {
    if (typeof value === 'boolean') return String(value);
    throw new WrongField(`expected true or false, found ${found(value)}`);
  }
  const isNumber = typeof value === 'number' && Number.isFinite(value);
  const text = isNumber ? String(value) : '';
  // Beyond 2 ** 53 an integer passes as it is read: while it is written in digits.
  if (!isNumber || (type === 'integer' && !INTEGER.test(text)))
    throw new WrongField(`expected ${type === 'integer' ? 'an integer' : 'a number'}, found ${found(value)}`);
  return text;
}

function writeText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      if (value.isWellFormed()) return value;
      throw new WrongField('expected text, found half of a surrogate pair');
    case 'boolean':
      return String(value);
    case 'number':
      if (Number.isFinite(value)) return String(value);
      throw new WrongField(`expected text or a number, found ${value}`);
    default:
      throw new WrongField(`expected text, a number, true, false or null, found ${found(value)}`);
  }
}
