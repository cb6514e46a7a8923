import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameSize, maskedFrame } from '../../bench/generator/frame.ts';
import { createFrameCounter } from '../../bench/generator/frame-counter.ts';
import { runs } from '../runs.ts';

/** The frames that a server sends, written as RFC 6455 has them. */
function serverFrame(length: number): Buffer {
  const payload = Buffer.alloc(length, 'x');
  if (length <= 125) return Buffer.concat([Buffer.from([0x82, length]), payload]);
  const header = Buffer.alloc(length <= 0xffff ? 4 : 10);
  header[0] = 0x82;
  header[1] = length <= 0xffff ? 126 : 127;
  if (length <= 0xffff) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** Payload lengths on both sides of where the header grows. */
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(125, 126, 0xffff, 0x10000),
  fc.integer({ min: 0, max: 70_000 }),
);

describe('frameSize', () => {
  it('is the length of the frame that a server sends', () => {
    for (const length of [0, 125, 126, 0xffff, 0x10000]) {
      expect(frameSize(length)).toBe(serverFrame(length).byteLength);
    }
  });
});

describe('maskedFrame', () => {
  it('holds the payload under a mask that is not zero', () => {
    const payload = Buffer.from('hello, all');
    for (let round = 0; round < 50; round += 1) {
      const frame = maskedFrame(payload);
      expect([...frame.subarray(0, 2)]).toEqual([0x81, 0x80 | payload.byteLength]);
      const mask = frame.subarray(2, 6);
      expect(mask.some((byte) => byte !== 0)).toBe(true);
      const found = frame.subarray(6).map((byte, place) => byte ^ (mask[place % 4] as number));
      expect(Buffer.from(found).toString()).toBe('hello, all');
    }
  });

  it('is four bytes longer than what a server sends', () => {
    for (const length of [0, 125, 126, 0xffff, 0x10000]) {
      expect(maskedFrame(Buffer.alloc(length)).byteLength).toBe(frameSize(length) + 4);
    }
  });
});

describe('frame counter', () => {
  it('counts the payload of any frames, however they are cut into reads', () => {
    const reads = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(lengths, { maxLength: 6 }), reads, (payloads, sizes) => {
        const bytes = Buffer.concat(payloads.map(serverFrame));
        const count = createFrameCounter();
        let found = 0;
        for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
          const read = bytes.subarray(at, at + (sizes[turn % sizes.length] as number));
          found += count(read, read.byteLength);
          at += read.byteLength;
        }
        expect(found).toBe(payloads.reduce((sum, length) => sum + length, 0));
      }),
      runs({ share: 0.25 }),
    );
  });

  it('reads a header that comes byte by byte', () => {
    const count = createFrameCounter();
    const found = [...serverFrame(70_000)].map((byte) => count(Uint8Array.of(byte), 1));
    expect(found.slice(0, 10).every((bytes) => bytes === 0)).toBe(true);
    expect(found.slice(10).every((bytes) => bytes === 1)).toBe(true);
  });

  it('looks at no more of a buffer than was read', () => {
    const count = createFrameCounter();
    expect(count(Buffer.concat([serverFrame(10), serverFrame(99)]), 12)).toBe(10);
  });
});
