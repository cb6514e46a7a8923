/** What stands before a value, so that a reader knows the schema. */
import type { Type } from 'avsc';
import { AraldoError } from '../../src/core/errors.ts';
import type { AvroOptions } from './options.ts';

/** The bytes before every value; none for `plain`. */
export function headerOf(
  type: Type,
  { encoding, schemaId = 0 }: Pick<AvroOptions, 'encoding' | 'schemaId'>,
): Buffer {
  if (encoding === 'plain') return Buffer.alloc(0);
  if (encoding === 'confluent') {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(schemaId, 1);
    return header;
  }
  const header = Buffer.from([0xc3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeBigUInt64LE(fingerprintOf(type), 2);
  return header;
}

/** Throws an `AraldoError` (`malformed-payload`) unless the bytes begin with the header. */
export function expectHeader(bytes: Uint8Array, header: Buffer): void {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, header.length));
  if (given.equals(header)) return;
  const instead = given.length < header.length ? 'an end too early' : given.toString('hex');
  throw new AraldoError(
    'malformed-payload',
    `Avro: expected the header ${header.toString('hex')} of the schema, found ${instead}`,
  );
}

/** CRC-64-AVRO of the canonical form of the schema. */
export function fingerprintOf(type: Type): bigint {
  let fingerprint = EMPTY;
  for (const byte of Buffer.from(JSON.stringify(type.schema()))) {
    fingerprint = (fingerprint >> 8n) ^ (table[Number((fingerprint ^ BigInt(byte)) & 0xffn)] as bigint);
  }
  return fingerprint;
}

const EMPTY = 0xc15d213aa4d7a795n;

const table: readonly bigint[] = Array.from({ length: 256 }, (_, index) => {
  let entry = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) entry = (entry >> 1n) ^ (EMPTY & -(entry & 1n));
  return entry;
});
