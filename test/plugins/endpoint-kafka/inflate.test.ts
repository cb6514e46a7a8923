import * as library from '@platformatic/kafka';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inflate } from '../../../plugins/endpoint-kafka/inflate.ts';
import { lz4Size } from '../../../plugins/endpoint-kafka/lz4-size.ts';
import { runs } from '../../runs.ts';

const { compressionsAlgorithms } = library;
const names = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const compress = (name: (typeof names)[number], data: Buffer): Buffer =>
  name === 'none' ? data : Buffer.from(compressionsAlgorithms[name].compressSync(data));

/** Bytes that compress well in some places and not in others. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(255), fc.nat(70_000)).map(([byte, length]) => Buffer.alloc(length, byte)),
    ),
    { maxLength: 6 },
  )
  // A batch without a byte there is not.
  .map((parts) => Buffer.concat([...parts, Buffer.from('.')]));

it('inflate › gives back what was compressed where that is within the bound, and nothing where it is beyond', () => {
  fc.assert(
    fc.property(content, fc.constantFrom(...names.slice(1)), (data, name) => {
      const compressed = compress(name, data);
      const most = Math.max(1, data.length);
      expect(inflate(library, names.indexOf(name), compressed, most)?.equals(data)).toBe(true);
      if (data.length > 1)
        expect(inflate(library, names.indexOf(name), compressed, data.length - 1)).toBeUndefined();
    }),
    runs({ share: 0.3 }),
  );
});

it('lz4Size › is what the frames are when they are decompressed, and no more is read of them beyond the bound', () => {
  fc.assert(
    fc.property(content, (data) => {
      const compressed = compress('lz4', data);
      const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
      expect(lz4Size(compressed, Number.MAX_SAFE_INTEGER)).toBe(data.length);
      expect(lz4Size(Buffer.concat([skipped, compressed, compressed]), Number.MAX_SAFE_INTEGER)).toBe(
        2 * data.length,
      );
    }),
    runs({ share: 0.3 }),
  );
  expect(() => lz4Size(Buffer.from('no frame of lz4'), 100)).toThrow('expected a frame of LZ4');
});

it.each(names.slice(1))('inflate › stops at its bound in a bomb of %s, within little memory', (name) => {
  const large = 32 * 1024 * 1024;
  const bomb = compress(name, Buffer.alloc(large));
  const before = process.memoryUsage().arrayBuffers;
  expect(inflate(library, names.indexOf(name), bomb, 1024 * 1024)).toBeUndefined();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
});

it('inflate › takes what the Java client puts around Snappy for what its blocks are together', () => {
  const block = compress('snappy', Buffer.alloc(30_000, 'x'));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(block.length);
  const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const framed = Buffer.concat([head, length, block, length, block]);
  expect(inflate(library, 2, framed, 60_000)?.length).toBe(60_000);
  expect(inflate(library, 2, framed, 59_999)).toBeUndefined();
});

it('inflate › throws where bytes are not what they are said to be', () => {
  for (const compression of [1, 2, 3, 4, 5]) {
    expect(() => inflate(library, compression, Buffer.from('neither of them'), 1_000_000)).toThrow();
  }
});
