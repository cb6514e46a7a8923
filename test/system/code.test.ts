// Routes that code composes on a running server, beside those of its configuration.

import { describe, expect, test } from 'vitest';
import { claim, map, sinkOf, unmarshal } from '../../operators/index.ts';
import { connect } from './support/peer.ts';
import { serve } from './support/server.ts';

const plugins = [
  { name: 'json', id: 'marshal-json' },
  { name: 'orders', id: 'endpoint-websocket', path: '/orders' },
  { name: 'totals', id: 'endpoint-websocket', path: '/totals' },
];

describe('a route in code', () => {
  test('reads with the marshaller of the configuration, and what it sends is written with it', async () => {
    await using araldo = await serve({ plugins });
    const { server } = araldo;
    server
      .endpoint('orders')
      .pipe(
        claim(),
        unmarshal(server.marshaller('json')),
        map(({ payload }) => {
          const { qty, price } = payload as { qty: number; price: number };
          return { total: qty * price };
        }),
      )
      .subscribe(sinkOf(server.endpoint('totals')));
    using orders = await connect(araldo.port, '/orders');
    using totals = await connect(araldo.port, '/totals');
    orders.send('{"qty": 3, "price": 5}');
    expect(await totals.has(1)).toEqual(['{"total":15}']);
  });
});

test('a marshaller that is not declared is an error that names those that are', async () => {
  await using araldo = await serve({ plugins });
  expect(() => araldo.server.marshaller('jsn')).toThrow('no marshaller is named "jsn"; there are: json');
});
