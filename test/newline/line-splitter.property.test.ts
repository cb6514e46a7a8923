import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../../src/newline/line-splitter.ts';
import { runs } from '../runs.ts';

/** What comes of bytes that arrive in pieces; `isEager`: whether each piece is looked at before the next comes. */
function split(bytes: Buffer, cuts: readonly number[], maxLine: number, isEager: boolean) {
  const lines: string[] = [];
  const ends: number[] = [];
  const tooLong: number[] = [];
  const splitter = createLineSplitter({ maxLine, onTooLong: (size) => tooLong.push(size), from: 7 });
  const take = (): void => {
    for (let line = splitter.next(); line !== undefined; line = splitter.next()) {
      lines.push(Buffer.from(line.wire.bytes).toString('latin1'));
      ends.push(line.end);
    }
  };
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (let place = 1; place < places.length; place += 1) {
    splitter.push(bytes.subarray(places[place - 1], places[place]));
    if (isEager) take();
  }
  take();
  const rest = splitter.rest();
  if (rest !== undefined) {
    lines.push(Buffer.from(rest.wire.bytes).toString('latin1'));
    ends.push(rest.end);
  }
  return { lines, ends, tooLong, position: splitter.position };
}

const bytes = fc
  .array(fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 255 })), { maxLength: 60 })
  .map((list) => Buffer.from(list));

describe('a line splitter', () => {
  it('finds the same lines however the bytes come, and says where each ends', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.nat(100), { maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        (all, cuts, maxLine, isEager) => {
          const text = all.toString('latin1');
          const every = text.split('\n');
          if (every.at(-1) === '') every.pop();
          let end = 7;
          const expected = every.map((line, place) => {
            end += line.length + (place < every.length - 1 || text.endsWith('\n') ? 1 : 0);
            return { line, end };
          });
          const fits = expected.filter(({ line }) => line.length <= maxLine);
          expect(split(all, cuts, maxLine, isEager)).toEqual({
            lines: fits.map(({ line }) => line),
            ends: fits.map((one) => one.end),
            tooLong: expected.filter(({ line }) => line.length > maxLine).map(({ line }) => line.length),
            position: 7 + all.length,
          });
        },
      ),
      runs(),
    );
  });
});
