import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/http/page/backoff.js';
import { runs } from '../../runs.ts';

describe('backoff of the page', () => {
  it('stays within 250 ms and 10 s, however often it failed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, at) => {
          const delay = backoffMs(failures, () => at);
          expect(delay).toBeGreaterThanOrEqual(250);
          expect(delay).toBeLessThanOrEqual(10_000);
        },
      ),
      runs(),
    );
  });

  it('grows with each failure and is jittered over its whole range', () => {
    const most = [1, 2, 3, 4, 5, 6, 7].map((failures) => backoffMs(failures, () => 1));
    expect(most).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(backoffMs(7, () => 0)).toBe(250);
  });
});
