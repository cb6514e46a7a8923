// Relays whose routes share messages out among several legs, by the laws of bounds.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { Leg } from '../../src/core/leg.ts';
import type { LawBroken } from '../../src/testing/index.ts';
import { checkLaws, laws, loadRelay, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';
import { broker } from './broker.ts';

const plugins = { 'endpoint-broker': broker };

const configured = (to: readonly unknown[]) =>
  loadRelay({
    value: {
      plugins: [
        { name: 'json', id: 'marshal-json' },
        ...['orders', 'archive', 'backup', 'screen'].map((name) => ({ name, id: 'endpoint-broker' })),
      ],
      routes: { orders: { to, via: [{ split: '[payload, payload, payload]' }] } },
    },
    plugins,
  });

const legs = [
  { to: 'archive', buffer: 3 },
  { to: 'backup', buffer: 2 },
  { to: 'screen', buffer: 4 },
];

describe('a route that shares its messages out', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['in turn', [{ 'round-robin': legs }]],
    ['to the first that can', [{ fallback: legs }]],
    ['beside one that gets all', [{ fallback: legs.slice(0, 2) }, legs[2]]],
    ['under conditions', [{ fallback: [{ ...legs[0], when: 'payload.n > 2' }, legs[1], legs[2]] }]],
    ['with one that drops', [{ 'round-robin': [legs[0], { ...legs[1], overflow: 'drop-oldest' }, legs[2]] }]],
  ])('keeps all laws %s', async (_, to) => {
    const configuration = await configured(to);
    const results = await checkLaws(() => virtualRelay({ configuration }), runs({ share: 0.02, quick: 0.5 }));
    const [broken] = results.flatMap((result) => result.broken ?? []);
    if (broken !== undefined) throw broken;
  });

  it('is seen when all are full and nobody is held', async () => {
    vi.spyOn(Leg.prototype as unknown as { hold(): void }, 'hold').mockImplementation(() => undefined);
    const small = ['archive', 'backup'].map((to) => ({ to, buffer: 1 }));
    const configuration = await configured([{ fallback: small }]);
    const broken: unknown = await laws
      .bound(() => virtualRelay({ configuration }), runs({ share: 0.3 }))
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect((broken as LawBroken | undefined)?.breach).toContain('(as are all that share with it)');
  });
});
