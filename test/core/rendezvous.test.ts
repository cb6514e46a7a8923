import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rendezvous } from '../../src/core/rendezvous.ts';
import { runs } from '../runs.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });

describe('rendezvous', () => {
  it('moves a key only to the name that is added, and back when it is taken away', () => {
    fc.assert(
      fc.property(names, fc.string(), fc.array(fc.string(), { maxLength: 20 }), (all, added, keys) => {
        fc.pre(!all.includes(added));
        const before = rendezvous(all);
        const after = rendezvous([...all, added]);
        for (const key of keys) {
          const [was] = before(key);
          const [is] = after(key);
          expect([was, all.length]).toContain(is);
        }
      }),
      runs(),
    );
  });

  it('does not depend on the order of names', () => {
    fc.assert(
      fc.property(names, fc.string(), (all, key) => {
        const owner = all[rendezvous(all)(key)[0] as number];
        const reversed = all.toReversed();
        expect(reversed[rendezvous(reversed)(key)[0] as number]).toBe(owner);
      }),
      runs(),
    );
  });

  it.each([2, 3, 5, 10])('shares keys out evenly among %i', (count) => {
    const orderOf = rendezvous(Array.from({ length: count }, (_, place) => `sink-${place}`));
    const owned = new Array<number>(count).fill(0);
    for (let key = 0; key < 10_000; key += 1) {
      const [owner = 0] = orderOf(`order ${key}`);
      owned[owner] = (owned[owner] ?? 0) + 1;
    }
    for (const keys of owned) expect(Math.abs(keys / (10_000 / count) - 1)).toBeLessThan(0.15);
  });

  it('moves about its share of the keys to a name that is added', () => {
    const before = rendezvous(['a', 'b', 'c', 'd']);
    const after = rendezvous(['a', 'b', 'c', 'd', 'e']);
    const keys = Array.from({ length: 5_000 }, (_, key) => String(key));
    const moved = keys.filter((key) => before(key)[0] !== after(key)[0]).length;
    expect(moved / keys.length).toBeGreaterThan(0.17);
    expect(moved / keys.length).toBeLessThan(0.23);
  });

  it('belongs every key to the same name, run after run', () => {
    const orderOf = rendezvous(['a', 'b', 'c']);
    expect(['one', 'two', 'three', '', 'ünï'].map((key) => orderOf(key)[0])).toEqual([0, 2, 1, 2, 1]);
  });
});
