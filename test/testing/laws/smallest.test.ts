import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallest } from '../../../src/testing/laws/smallest.ts';
import type { Scenario } from '../../../src/testing/scenario.ts';
import { runs } from '../../runs.ts';

const waits = (times: readonly number[]): Scenario => times.map((ms) => ({ do: 'wait', ms }));
const timesOf = (scenario: Scenario): readonly number[] =>
  scenario.flatMap((action) => (action.do === 'wait' ? [action.ms] : []));

describe('the smallest scenario', () => {
  it('has what fails and nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(9), { maxLength: 40 }),
        fc.subarray([1, 3, 5, 7]),
        async (more, needed) => {
          const all = [...more.slice(0, 10), ...needed, ...more.slice(10)].filter(
            (ms, place, list) => list.indexOf(ms) === place,
          );
          const fails = async (scenario: Scenario) => needed.every((ms) => timesOf(scenario).includes(ms));
          const kept = timesOf(await smallest(waits(all), fails));
          expect(kept.toSorted((a, b) => a - b)).toEqual(
            needed.length === 0 ? [kept[0]].filter((one) => one !== undefined) : needed,
          );
        },
      ),
      runs({ share: 0.1 }),
    );
  });

  it('is looked for in so many tries at most', async () => {
    let tries = 0;
    const long = waits(Array.from({ length: 2_000 }, (_, place) => place));
    const fails = async () => {
      tries += 1;
      return false;
    };
    expect(await smallest(long, fails)).toBe(long);
    expect(tries).toBe(200);
  });
});
