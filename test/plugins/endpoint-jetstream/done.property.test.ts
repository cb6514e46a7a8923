import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDone, REMEMBERED } from '../../../plugins/endpoint-jetstream/done.ts';
import { runs } from '../../runs.ts';

describe('what is done of a stream', () => {
  it('is what was added, as far back as it is remembered, and nothing else', () => {
    const step = fc.oneof(
      { arbitrary: fc.integer({ min: -40, max: 40 }), weight: 8 },
      { arbitrary: fc.constantFrom(-REMEMBERED, REMEMBERED - 1, REMEMBERED, REMEMBERED + 3), weight: 1 },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const done = createDone();
        done.of(0);
        const added = new Set<number>();
        let at = 1;
        for (const by of steps) {
          at = Math.max(1, at + by);
          done.add(at, at);
          added.add(at);
        }
        const highest = Math.max(0, ...added);
        for (const one of added) {
          for (const near of [one - 1, one, one + 1, one + REMEMBERED]) {
            const isKnown = added.has(near) && near > highest - REMEMBERED;
            expect([near, done.has(near, near)]).toEqual([near, isKnown]);
          }
        }
      }),
      runs({ share: 0.2 }),
    );
  });

  it('is nothing for the consumer of another time', () => {
    const done = createDone();
    done.of(5_000);
    done.add(3, 30);
    done.of(5_001);
    expect([done.has(3, 30), done.has(3, 31)]).toEqual([true, false]);
    done.of(6_000);
    expect([done.has(3, 30), done.has(0, 0)]).toEqual([false, false]);
  });
});
