/** Whole numbers of 64 bits: those of the library lose a bit beyond 2^52, and with it the sign. */
import avro, { type Type } from 'avsc';
import { logicalTypes } from './logical.ts';

/**
 * What the library asks for each schema that it meets. It asks for one with a logical type twice: for the whole, which
 * is its own business, and then for what that is made of.
 */
export function longHook(areLogical: boolean): (schema: unknown) => Type | undefined {
  const open = new Set<object>();
  return (schema) => {
    if (schema === 'long') return long;
    if (typeof schema !== 'object' || schema === null) return undefined;
    const { type, logicalType } = schema as Readonly<Record<string, unknown>>;
    if (type !== 'long') return undefined;
    const isWhole = areLogical && Object.hasOwn(logicalTypes, String(logicalType)) && !open.delete(schema);
    if (!isWhole) return long;
    open.add(schema);
    return undefined;
  };
}

/** Numbers that stay what they are; others are refused, in and out. */
const long: Type = avro.types.LongType.__with({
  fromBuffer(bytes: Buffer): number {
    return Number(bytes.readBigInt64LE());
  },
  toBuffer(number: number): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(number));
    return bytes;
  },
  fromJSON: (number: unknown) => number,
  toJSON: (number: unknown) => number,
  isValid: (number: unknown) => Number.isSafeInteger(number) && !Object.is(number, -0),
  compare: (one: number, other: number) => Math.sign(one - other),
});
