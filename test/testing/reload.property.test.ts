import fc from 'fast-check';
import { describe, it } from 'vitest';
import { faultKinds, laws, loadRelay, topologies, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';

const faults = [...faultKinds.filter((kind) => kind !== 'restart'), 'reload', 'reload', 'reload'] as const;

describe('a relay that is reloaded', () => {
  it('keeps the laws while its routes begin anew', async () => {
    await fc.assert(
      fc.asyncProperty(topologies(), fc.nat(), async (value, seed) => {
        const configuration = await loadRelay({ value });
        const relayOf = () => virtualRelay({ configuration });
        const settings = { numRuns: 4, seed, faults };
        for (const law of [
          laws.conservation,
          laws.lossless,
          laws.order,
          laws.window,
          laws.settlement,
          laws.noEarlyAck,
        ])
          await law(relayOf, settings);
      }),
      runs({ share: 0.012 }),
    );
  });

  it('changes nothing of what does not change', async () => {
    await fc.assert(
      fc.asyncProperty(topologies(), fc.nat(), async (value, seed) => {
        const configuration = await loadRelay({ value });
        await laws.reload(() => virtualRelay({ configuration }), { numRuns: 4, seed });
      }),
      runs({ share: 0.012 }),
    );
  });
});
