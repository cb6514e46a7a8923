import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Wire } from '../../src/core/wire.ts';
import { runs } from '../runs.ts';

const SMALL = 512;

test('wire › copies exactly its bytes, wherever they stand and wherever they go', () => {
  const size = fc.oneof(fc.nat(40), fc.integer({ min: SMALL - 1, max: SMALL + 9 }));
  fc.assert(
    fc.property(size, fc.nat(20), fc.nat(20), fc.nat(20), (length, skew, offset, at) => {
      const memory = Uint8Array.from({ length: skew + offset + length + 9 }, (_, place) => place * 7 + 1);
      const bytes = memory.slice(skew + offset, skew + offset + length);
      const view = new DataView(memory.buffer, skew);
      for (const wire of [Wire.within(view, offset, length), Wire.of(bytes)]) {
        const target = new Uint8Array(at + length + 9).fill(255);
        wire.copyTo(target, new DataView(target.buffer), at);
        const expected = new Uint8Array(target.length).fill(255);
        expected.set(bytes, at);
        expect(target).toEqual(expected);
        expect(Buffer.compare(wire.bytes, bytes)).toBe(0);
        expect(wire.size).toBe(length);
      }
    }),
    runs(),
  );
});

test('wire › says how much memory it keeps alive, and can have memory of its own', () => {
  const wire = Wire.within(new DataView(new ArrayBuffer(1_000), 100), 50, 10, true);
  expect(wire.pinned).toBe(1_000);
  expect(wire.unpinned()).toMatchObject({ pinned: 10, size: 10, isText: true });
});

test('wire › of bytes that are not unpacked has the size that they stand for', () => {
  const wire = Wire.packed(Buffer.from('few'), 1_000_000);
  expect(wire.size).toBe(1_000_000);
  expect(Buffer.from(wire.bytes).toString()).toBe('few');
});
