import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from '../../../plugins/endpoint-kafka/murmur2.ts';

describe('murmur2', () => {
  // From the tests of Kafka's own clients (UtilsTest.testMurmur2).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %j is that of the Java client', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it('gives a partition without the sign of the hash', () => {
    // With three partitions another way to lose the sign would give another one.
    expect(partitionOf(Buffer.from('21'), 3)).toBe((-973932308 & 0x7fffffff) % 3);
    expect(partitionOf(Buffer.alloc(0), 5)).toBeLessThan(5);
  });
});
