/** Whole numbers of 64 bits, which the JSON form of a message has as text, as numbers. */
import protobuf, { type Field, type Type } from 'protobufjs';
import { AraldoError } from '../../src/core/errors.ts';

const LONG = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);

/** Changes `value`, which nobody else has yet. Throws an `AraldoError` (`malformed-payload`). */
export function withNumbers(type: Type, value: unknown): unknown {
  // The well-known types have a form in JSON of their own.
  if (typeof value !== 'object' || value === null || type.fullName.startsWith('.google.protobuf.'))
    return value;
  const map = value as Record<string, unknown>;
  for (const field of type.fieldsArray) {
    const { jsonName } = field;
    if (Object.hasOwn(map, jsonName)) map[jsonName] = withinField(field, map[jsonName]);
  }
  return map;
}

function withinField(field: Field, value: unknown): unknown {
  if (!LONG.has(field.type) && !(field.resolvedType instanceof protobuf.Type)) return value;
  if (field.repeated) return (value as readonly unknown[]).map((item) => single(field, item));
  if (!field.map) return single(field, value);
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map)) map[key] = single(field, map[key]);
  return map;
}

function single(field: Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) return withNumbers(field.resolvedType, value);
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  const name = field.fullName.slice(1);
  throw new AraldoError(
    'malformed-payload',
    `Protocol Buffers: expected a number of at most 2^53 as ${name}, found a larger one (int64: string lets it pass)`,
  );
}
