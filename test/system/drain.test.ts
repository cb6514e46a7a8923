// What steps keep only because more may come leaves before the server does.

import { expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { serve, until } from './support/server.ts';

test('a server that stops lets open batches and windows leave first', async () => {
  const araldo = await serve({
    plugins: [
      { name: 'orders', id: 'endpoint-mock' },
      { name: 'archive', id: 'endpoint-mock' },
    ],
    routes: {
      orders: {
        via: [{ batch: { count: 100, every: '1h' } }, { window: '1h' }, { debounce: '1h' }],
        to: ['archive'],
      },
    },
  });
  const orders = araldo.server.endpoint<MockEndpoint>('orders');
  await until('the source is open', () => orders.state === 'open');
  for (const payload of [1, 2, 3]) orders.emit(payload);
  const left = await araldo.server.stop({ deadlineMs: 5_000 });
  expect(left).toMatchObject({ unsettled: 0, undelivered: 0 });
  const archive = araldo.server.endpoint<MockEndpoint>('archive');
  expect(archive.sent.map(({ payload }) => payload)).toEqual([[[1, 2, 3]]]);
});

test('a server that stops waits for no period of a leg that samples', async () => {
  const araldo = await serve({
    plugins: [
      { name: 'prices', id: 'endpoint-mock' },
      { name: 'screen', id: 'endpoint-mock' },
    ],
    routes: { prices: [{ to: 'screen', overflow: { policy: 'sample', every: '1h', key: 'payload.name' } }] },
  });
  const prices = araldo.server.endpoint<MockEndpoint>('prices');
  await until('the source is open', () => prices.state === 'open');
  for (const [name, price] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ])
    prices.emit({ name, price });
  const left = await araldo.server.stop({ deadlineMs: 5_000 });
  expect(left).toMatchObject({ unsettled: 0, undelivered: 0 });
  const screen = araldo.server.endpoint<MockEndpoint>('screen');
  expect(screen.sent.map(({ payload }) => payload)).toEqual([
    { name: 'a', price: 3 },
    { name: 'b', price: 2 },
  ]);
});
