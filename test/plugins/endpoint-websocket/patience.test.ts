import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPatience } from '../../../plugins/endpoint-websocket/patience.ts';
import { runs } from '../../runs.ts';

test('patience › what is held is taken off, and comes back after ten seconds', () => {
  const patience = createPatience(200);
  patience.begin(1_000);
  expect(patience.left(1_050)).toBe(150);
  patience.end(1_120);
  expect(patience.left(5_000)).toBe(80);
  expect(patience.left(11_600)).toBe(200);
});

test('patience › in no ten seconds is more held than was allowed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.array(fc.tuple(fc.nat(3_000), fc.nat(3_000)), { maxLength: 20 }),
      (allowance, steps) => {
        const patience = createPatience(allowance);
        const holds: [number, number][] = [];
        let now = 0;
        for (const [pause, wish] of steps) {
          now += pause;
          const length = Math.min(wish, patience.left(now));
          if (length === 0) continue;
          patience.begin(now);
          patience.end(now + length);
          holds.push([now, now + length]);
          now += length;
        }
        for (const [, end] of holds) {
          const start = end - 10_000;
          const held = holds.reduce(
            (sum, [a, b]) => sum + Math.max(0, Math.min(b, end) - Math.max(a, start)),
            0,
          );
          expect(held).toBeLessThanOrEqual(allowance);
        }
      },
    ),
    runs(),
  );
});
