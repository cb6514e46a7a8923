import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLaws, loadRelay, relayLaws, topologies, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';

describe('the laws of relays', () => {
  it('hold for relays of all kinds', async () => {
    await fc.assert(
      fc.asyncProperty(topologies(), fc.nat(), async (value, seed) => {
        const configuration = await loadRelay({ value });
        const results = await checkLaws(() => virtualRelay({ configuration }), { numRuns: 4, seed });
        const [broken] = results.flatMap((result) => result.broken ?? []);
        if (broken !== undefined) throw broken;
      }),
      runs({ share: 0.012, quick: 0.5 }),
    );
  });

  it('have the numbers of the list, each once, but for 19 to 22, which are about other things', () => {
    expect(relayLaws.map(({ number }) => number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
    ]);
  });
});
