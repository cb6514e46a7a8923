import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align } from '../../../src/testing/command/align.ts';
import { runs } from '../../runs.ts';

const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });

const pairsOf = (expected: readonly string[], found: readonly string[]) =>
  align(expected.length, found.length, (one, other) => expected[one] === found[other]);

/** How long the longest common subsequence is, in its plainest form. */
function longest(one: readonly string[], other: readonly string[]): number {
  const [a, ...restA] = one;
  const [b, ...restB] = other;
  if (a === undefined || b === undefined) return 0;
  if (a === b) return 1 + longest(restA, restB);
  return Math.max(longest(restA, other), longest(one, restB));
}

describe('align', () => {
  it('has every entry of both lists once, in order', () => {
    fc.assert(
      fc.property(list, list, (expected, found) => {
        const pairs = pairsOf(expected, found);
        const places = (side: 'expected' | 'found') => pairs.flatMap((pair) => pair[side] ?? []);
        expect(places('expected')).toEqual(expected.map((_, place) => place));
        expect(places('found')).toEqual(found.map((_, place) => place));
      }),
      runs({ share: 0.3 }),
    );
  });

  it('puts as much as possible side by side, and only what is the same', () => {
    fc.assert(
      fc.property(list, list, (expected, found) => {
        const same = pairsOf(expected, found).filter(({ isSame }) => isSame);
        for (const pair of same) expect(expected[pair.expected ?? -1]).toBe(found[pair.found ?? -2]);
        expect(same).toHaveLength(longest(expected, found));
      }),
      runs({ share: 0.3 }),
    );
  });

  it('compares lists that are too long place by place, but for their ends', () => {
    const expected = Array.from({ length: 1_000 }, (_, place) => `e${place}`);
    const found = ['first', ...expected.slice(0, -1), 'last'];
    let count = 0;
    align(expected.length, found.length, (one, other) => {
      count += 1;
      return expected[one] === found[other];
    });
    expect(count).toBeLessThan(10);
  });
});
