import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AckFloor } from '../../src/core/ack-floor.ts';
import { runs } from '../runs.ts';

describe('ack floor', () => {
  it('is the highest position below which all is settled, for any gaps and any order', () => {
    const positions = fc
      .uniqueArray(fc.nat(200), { maxLength: 40 })
      .map((some) => some.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(positions, fc.array(fc.nat(), { maxLength: 60 }), (admitted, choices) => {
        const floor = new AckFloor();
        const open: number[] = [];
        const done: number[] = [];
        const waiting = [...admitted];
        let span = 0;
        for (const choice of choices) {
          const next = waiting[0];
          if (next !== undefined && (choice % 2 === 0 || open.length === 0)) {
            waiting.shift();
            floor.admit(next);
            open.push(next);
            span += 1;
          } else if (open.length > 0) {
            const [position] = open.splice(choice % open.length, 1) as [number];
            done.push(position);
            const freed = floor.settle(position);
            span -= freed;
          }
          const oldest = open[0] ?? Number.POSITIVE_INFINITY;
          const below = done.filter((position) => position < oldest);
          expect(floor.floor).toBe(below.length === 0 ? undefined : Math.max(...below));
          expect(floor.span).toBe([...open, ...done].filter((position) => position >= oldest).length);
          expect(floor.span).toBe(span);
        }
      }),
      runs(),
    );
  });

  it('settles a position once', () => {
    const floor = new AckFloor();
    floor.admit(1);
    floor.admit(2);
    expect(floor.settle(2)).toBe(0);
    expect(floor.settle(2)).toBe(0);
    expect(floor.settle(7)).toBe(0);
    expect(floor.settle(1)).toBe(2);
    expect(floor.settle(1)).toBe(0);
    expect(floor.floor).toBe(2);
  });

  it('refuses a position that does not rise, when all before it is settled too', () => {
    const floor = new AckFloor();
    floor.admit(5);
    expect(() => floor.admit(5)).toThrow(RangeError);
    floor.settle(5);
    expect(() => floor.admit(4)).toThrow(RangeError);
    expect(floor.covers(5)).toBe(true);
    expect(floor.covers(6)).toBe(false);
  });
});
