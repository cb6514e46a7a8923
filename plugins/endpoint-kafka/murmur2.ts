/** The hash that Kafka's own producers choose partitions with, so that a key meets the same partition from everywhere. */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/**
 * The partition of a key: that of the Java client, and of librdkafka's `murmur2_random`.
 *
 * @example
 * partitionOf(Buffer.from('customer-12'), 6) // 0 … 5
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  // Without its sign bit, as Java does it: Math.abs would differ for the smallest integer.
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** 32 bits, signed. In plain integers: that of the client library works with BigInt, at tens of times the cost. */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  const view = new DataView(data.buffer, data.byteOffset, length);
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(view.getInt32(at, true), M);
    word = Math.imul(word ^ (word >>> R), M);
    hash = Math.imul(hash, M) ^ word;
  }
  let tail = 0;
  for (let at = length - 1; at >= whole; at -= 1) tail = (tail << 8) | (data[at] as number);
  if (whole < length) hash = Math.imul(hash ^ tail, M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
