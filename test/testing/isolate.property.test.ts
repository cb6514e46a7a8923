import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineOperator } from '../../src/core/operator.ts';
import {
  laws,
  loadRelay,
  scenarios,
  type Topology,
  topologies,
  virtualRelay,
} from '../../src/testing/index.ts';
import { comparedWithout } from '../../src/testing/laws/isolation.ts';
import { playToEnd } from '../../src/testing/laws/played.ts';
import { runs } from '../runs.ts';

const faults = ['stall', 'resume', 'refuse', 'refuse-once', 'latency', 'down', 'up', 'restart'] as const;

/** Every route with `isolate`, whose sinks are told apart: `ack: first` would tie them together, as does sharing. */
function isolated(value: Topology, isolate = true): Topology {
  const routes = Object.entries(value['routes'] as Readonly<Record<string, object>>);
  return {
    ...value,
    routes: Object.fromEntries(routes.map(([name, route]) => [name, { ...route, ack: 'all', isolate }])),
  };
}

/** What one sink does to the others, in some cases; nothing, as it should be. */
async function dependence(value: Topology, seed: number, numRuns: number): Promise<string | undefined> {
  const configuration = await loadRelay({ value });
  const relayOf = () => virtualRelay({ configuration });
  const sinks = new Set(
    Object.values(configuration.plan.routes).flatMap(({ to }) => to.map((leg) => leg.to)),
  );
  for (const scenario of fc.sample(scenarios(configuration, { faults }), { numRuns, seed })) {
    const busy = await playToEnd(relayOf, scenario);
    for (const sink of sinks) {
      const breach = await comparedWithout(sink, relayOf, busy);
      if (breach !== undefined) return breach.text;
    }
  }
  return undefined;
}

describe('a route with isolate: true', () => {
  it.each([
    ['waits for its sinks', { policies: ['pause'] }],
    ['has legs of all kinds', {}],
  ])('lets no sink depend on another where it %s', async (_title, options) => {
    await fc.assert(
      fc.asyncProperty(topologies({ ...options, sharing: false }), fc.nat(), async (value, seed) => {
        expect(await dependence(isolated(value), seed, 2)).toBeUndefined();
      }),
      runs({ share: 0.015 }),
    );
  });

  it('is what keeps them apart: without it one sink holds the others', async () => {
    const values = fc.sample(topologies({ policies: ['pause'], sharing: false }), { numRuns: 12, seed: 1 });
    const found: (string | undefined)[] = [];
    for (const [seed, value] of values.entries())
      found.push(await dependence(isolated(value, false), seed, 2));
    expect(found.filter((text) => text !== undefined).length).toBeGreaterThan(2);
  });

  it('is refused where a modelled source has connections, each of which one consumer reads', async () => {
    const value = {
      plugins: [
        { name: 'browsers', id: 'endpoint-modelled', source: { scope: 'local' } },
        { name: 'archive', id: 'endpoint-modelled' },
      ],
      routes: { browsers: { to: ['archive'], isolate: true } },
    };
    await expect(loadRelay({ value })).rejects.toThrow('its messages come over one connection');
  });

  describe('is looked at by law 13', () => {
    const yaml = (via = '') => `
      plugins:
        - { name: orders, id: endpoint-modelled, max-in-flight: 2 }
        - { name: archive, id: endpoint-modelled }
        - { name: screens, id: endpoint-modelled }
      routes: { orders: { via: [${via}], to: [archive, screens], isolate: true } }`;

    it('which finds nothing', () =>
      laws.isolation(() => virtualRelay({ yaml: yaml() }), { numRuns: 8, seed: 1 }));

    it('which sees a step that ties them together by what it counts', async () => {
      const counts = new WeakMap<object, number>();
      const count = defineOperator({
        kind: 'fn',
        name: 'count',
        summary: 'Counts what comes to any of its kind.',
        options: z.strictObject({}),
        create:
          (_options, { scheduler }) =>
          () => {
            const next = (counts.get(scheduler) ?? 0) + 1;
            counts.set(scheduler, next);
            return { next };
          },
      });
      const relayOf = () => virtualRelay({ yaml: yaml('count: {}'), operators: { count } });
      await expect(
        laws.isolation(relayOf, { numRuns: 50, seed: 1, faults: ['stall'], maxActions: 5 }),
      ).rejects.toThrow('because of what happens to');
    });
  });
});
