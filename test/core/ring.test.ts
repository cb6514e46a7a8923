import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring } from '../../src/core/ring.ts';
import { runs } from '../runs.ts';

type Deed =
  | { readonly do: 'push' | 'unshift'; readonly item: number }
  | { readonly do: 'shift' | 'pop' }
  | { readonly do: 'clear' }
  | { readonly do: 'set'; readonly index: number; readonly item: number };

const item = fc.integer();
const deeds = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('push' as const, 'unshift' as const), item }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('shift' as const, 'pop' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('set' as const), index: fc.nat(40), item }) },
    { weight: 1, arbitrary: fc.constant({ do: 'clear' as const }) },
  ),
  { maxLength: 120, size: 'max' },
);

describe('ring', () => {
  it('is an array in which every operation takes the same time', () => {
    fc.assert(
      fc.property(deeds, (script: readonly Deed[]) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        for (const deed of script) {
          if (deed.do === 'set') {
            if (deed.index < model.length) {
              ring.set(deed.index, deed.item);
              model[deed.index] = deed.item;
            } else expect(() => ring.set(deed.index, deed.item)).toThrow(RangeError);
          } else if (deed.do === 'clear') {
            ring.clear();
            model.length = 0;
          } else if ('item' in deed) {
            ring[deed.do](deed.item);
            model[deed.do](deed.item);
          } else expect(ring[deed.do]()).toBe(model[deed.do]());
          if (ring.length !== model.length || ring.at(0) !== model[0]) expect([...ring]).toEqual(model);
        }
        expect([...ring]).toEqual(model);
      }),
      runs({ quick: 0.3 }),
    );
  });

  it('has nothing before its oldest and after its newest', () => {
    const ring = new Ring<string>();
    ring.push('a');
    ring.push('b');
    expect([ring.at(-1), ring.at(0), ring.at(1), ring.at(2)]).toEqual([undefined, 'a', 'b', undefined]);
  });

  it('has nothing outside of it when all its places are taken', () => {
    const ring = new Ring<number>();
    for (let item = 0; item < 16; item += 1) ring.push(item);
    expect([ring.at(-1), ring.at(0), ring.at(15), ring.at(16)]).toEqual([undefined, 0, 15, undefined]);
    expect(() => ring.set(-1, 7)).toThrow(RangeError);
    expect([...ring]).toEqual(Array.from({ length: 16 }, (_none, place) => place));
  });

  it('holds items that are undefined', () => {
    const ring = new Ring<undefined>();
    ring.push(undefined);
    expect(ring.length).toBe(1);
    expect(ring.shift()).toBeUndefined();
    expect(ring.length).toBe(0);
  });
});
