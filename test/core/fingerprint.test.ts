import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/core/fingerprint.ts';
import { runs } from '../runs.ts';

describe('fingerprint', () => {
  it('is the same for equal values, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (map) => {
        const reversed = Object.fromEntries(Object.entries(map).toReversed());
        expect(fingerprint(reversed)).toBe(fingerprint(map));
      }),
      runs({ share: 0.2 }),
    );
    expect(fingerprint({ a: [{ b: 1, c: 2 }] })).toBe(fingerprint({ a: [{ c: 2, b: 1 }] }));
  });

  it('differs for values that differ', () => {
    const values = [
      undefined,
      null,
      0,
      1,
      true,
      '',
      '1',
      'null',
      'undefined',
      '{}',
      [],
      [1],
      ['1'],
      {},
      { 0: 1 },
      { length: 1, 0: 1 },
      Uint8Array.of(),
      Uint8Array.of(1),
      Uint8Array.of(49),
      'b1',
    ];
    expect(new Set(values.map(fingerprint)).size).toBe(values.length);
  });

  it('throws for a value without a form in JSON', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const value of [1n, circle]) expect(() => fingerprint(value)).toThrow();
  });
});
