import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  faultKinds,
  laws,
  loadRelay,
  type Scenario,
  topologies,
  virtualRelay,
} from '../../src/testing/index.ts';
import { conservation } from '../../src/testing/laws/conservation.ts';
import { lossless } from '../../src/testing/laws/lossless.ts';
import { playToEnd } from '../../src/testing/laws/played.ts';
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
      runs({ share: 0.012, quick: 0.5 }),
    );
  });

  it('loses nothing where it gives back what could not be carried through in time', async () => {
    const yaml = `
      plugins:
        - { name: orders, id: endpoint-modelled }
        - { name: archive, id: endpoint-modelled }
      routes: { orders: [{ to: archive, buffer: 4 }] }`;
    const scenario: Scenario = [
      { do: 'stall', sink: 'archive' },
      { do: 'send', to: 'orders', payload: 1 },
      { do: 'reload', route: 'orders', anew: 'legs' },
      { do: 'wait', ms: 10_001 },
    ];
    const played = await playToEnd(() => virtualRelay({ yaml }), scenario);
    expect(lossless.examine?.(played, {})).toBeUndefined();
    expect(played.relay.received('archive').map(({ payload }) => payload)).toEqual([1]);
    expect(played.relay.sent.map(({ deliveries }) => deliveries)).toEqual([2]);
  });

  it('may give back what was in a step when it began', async () => {
    const yaml = `
      plugins:
        - { name: orders, id: endpoint-modelled }
        - { name: archive, id: endpoint-modelled }
      routes: { orders: { via: [{ delay: 5ms }], to: [archive] } }`;
    const scenario: Scenario = [
      { do: 'send', to: 'orders', payload: 1 },
      { do: 'reload', route: 'orders', anew: 'legs' },
      { do: 'stall', sink: 'archive' },
      { do: 'wait', ms: 10_001 },
    ];
    const played = await playToEnd(() => virtualRelay({ yaml }), scenario);
    expect(lossless.examine?.(played, {})).toBeUndefined();
  });

  it('may be told late of what it could not wait for', async () => {
    const yaml = `
      plugins:
        - { name: orders, id: endpoint-modelled }
        - { name: archive, id: endpoint-modelled, sink: { pipelines: false } }
      routes: { orders: [archive] }`;
    const scenario: Scenario = [
      { do: 'latency', sink: 'archive', ms: 3_000 },
      ...Array.from({ length: 4 }, () => ({ do: 'send', to: 'orders', payload: 1 }) as const),
      { do: 'reload', route: 'orders', anew: 'legs' },
      { do: 'wait', ms: 10_001 },
      { do: 'wait', ms: 10_000 },
    ];
    const inspections = [{ number: 1, inspect: conservation.inspect ?? (() => undefined) }];
    const played = await playToEnd(() => virtualRelay({ yaml }), scenario, inspections);
    expect(played.found).toEqual(new Map());
    expect(played.open).toEqual([]);
  });

  it('changes nothing where it waits for the one before it', async () => {
    const yaml = `
      plugins:
        - { name: orders, id: endpoint-modelled }
        - { name: archive, id: endpoint-modelled }
        - { name: prices, id: endpoint-modelled }
        - { name: screen, id: endpoint-modelled }
      routes:
        orders: [archive]
        prices: { via: [{ delay: 5ms }], to: [screen] }`;
    const configuration = await loadRelay({ yaml });
    // Seeds that find it where the time that a reload waits is not made up for.
    for (const seed of [0, 1])
      await laws.reload(() => virtualRelay({ configuration }), { numRuns: 60, seed });
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
