import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistogram } from '../../bench/generator/histogram.ts';
import { runs } from '../runs.ts';

describe('histogram', () => {
  it('is exact for short durations', () => {
    const histogram = createHistogram();
    for (let ns = 1; ns <= 100; ns += 1) histogram.record(ns);
    expect([0.5, 0.99, 1].map((share) => histogram.quantile(share))).toEqual([50, 99, 100]);
  });

  it('is never further off than a sixty-fourth, and never too low', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 2 ** 44 }), { minLength: 1 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const histogram = createHistogram();
        for (const ns of all) histogram.record(ns);
        const exact = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * all.length)) - 1] as number;
        const found = histogram.quantile(share);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 1);
      }),
      runs(),
    );
  });

  it('counts a duration as often as it is told', () => {
    const histogram = createHistogram();
    histogram.record(10, 99);
    histogram.record(1_000_000);
    expect(histogram.count).toBe(100);
    expect(histogram.quantile(0.99)).toBe(10);
    expect(histogram.quantile(1)).toBe(1_000_000);
    expect(histogram.max).toBe(1_000_000);
  });

  it('keeps what is longer than it knows in its last bucket', () => {
    const histogram = createHistogram();
    histogram.record(2 ** 60);
    expect(histogram.count).toBe(1);
    expect(histogram.max).toBe(2 ** 60);
  });

  it('has nothing to say about nothing', () => {
    expect(createHistogram().quantile(0.5)).toBe(0);
  });
});
