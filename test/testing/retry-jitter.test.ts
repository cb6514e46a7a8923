// What a seed repeats must not depend on chance: the pauses between the tries of a leg are drawn from it too.

import { expect, test } from 'vitest';
import { laws, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';

const yaml = `
plugins: [{ name: orders, id: endpoint-mock }, { name: archive, id: endpoint-mock }, { name: audit, id: endpoint-mock }]
routes: { orders: { retry: { attempts: 5, backoff: 100ms..10s }, to: [archive, audit] } }`;

async function arrivals(seed: number, others: number): Promise<readonly number[]> {
  const relay = await virtualRelay({ yaml, seed });
  relay.sink('archive').failNext(3);
  if (others > 0) relay.sink('audit').failNext(others);
  relay.send('orders', 'a');
  expect(await relay.settle()).toEqual([]);
  return relay.received('archive').map(({ atMs }) => atMs);
}

test('the tries of a leg come at the same moments with the same seed, whatever other legs try', async () => {
  const first = await arrivals(1, 0);
  expect(first).toHaveLength(1);
  expect(await arrivals(1, 0)).toEqual(first);
  expect(await arrivals(1, 2)).toEqual(first);
  expect(await arrivals(2, 0)).not.toEqual(first);
});

test('what a sink receives after retries does not depend on code beside the routes', () =>
  laws.isolation(() => virtualRelay({ yaml }), runs({ share: 0.05 })));
