import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBytes } from '../../../plugins/marshal-bytes/index.ts';
import { runs } from '../../runs.ts';

const bytes = createBytes('bytes');

describe('law 20: marshal-bytes', () => {
  it('reads and writes any bytes untouched', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        expect(bytes.marshal(bytes.unmarshal(value))).toBe(value);
      }),
      runs(),
    );
  });

  it('writes text as UTF-8', () => {
    expect([...bytes.marshal('é')]).toEqual([0xc3, 0xa9]);
  });

  it.each([
    [1, 'found 1'],
    [{}, 'found a map'],
    ['\udc00', 'found half of a surrogate pair'],
  ])('refuses %j', (value, reason) => {
    expect(() => bytes.marshal(value)).toThrow(reason);
  });
});
