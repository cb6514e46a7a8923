import fc from 'fast-check';
import { Command } from 'ioredis';
import { expect, it } from 'vitest';
import { frameOf } from '../../src/redis/frame.ts';
import { runs } from '../runs.ts';

const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

it('a command has the bytes that ioredis gives it', () => {
  fc.assert(
    fc.property(fc.constantFrom('XADD', 'XACK'), fc.array(word, { maxLength: 8 }), (name, words) => {
      const theirs = new Command(name, [...words]).toWritable({});
      expect(frameOf(name, words).equals(Buffer.from(theirs))).toBe(true);
    }),
    runs(),
  );
});
