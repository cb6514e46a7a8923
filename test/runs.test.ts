import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numRuns, runs, runsFrom } from './runs.ts';

describe('runs', () => {
  it('is 1,000 unless the environment says otherwise', () => {
    expect(runsFrom(undefined)).toBe(1_000);
    expect(runsFrom('')).toBe(1_000);
    expect(runsFrom('10000')).toBe(10_000);
  });

  it.each(['ten', '0', '-1', '1.5', 'NaN'])('refuses %s', (text) => {
    expect(() => runsFrom(text)).toThrow('expected a positive integer');
  });

  it('is the number of cases fast-check tries', () => {
    let cases = 0;
    fc.assert(
      fc.property(fc.integer(), () => {
        cases += 1;
      }),
      runs(),
    );
    expect(cases).toBe(numRuns);
  });

  it('takes a share and passes the other parameters on', () => {
    expect(runs({ share: 0.1, seed: 7 })).toEqual({ numRuns: numRuns / 10, seed: 7 });
  });

  it('takes a smaller share where the run is not deep', () => {
    const isDeep = numRuns > 1_000;
    expect(runs({ share: 0.5, quick: 0.1 })).toEqual({ numRuns: numRuns * (isDeep ? 0.5 : 0.05) });
  });

  it('prints the seed of a failure', () => {
    const failing = () =>
      fc.assert(
        fc.property(fc.integer(), () => false),
        runs(),
      );
    expect(failing).toThrow(/seed: -?\d+/);
  });
});
