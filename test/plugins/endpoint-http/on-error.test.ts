import { expect, it } from 'vitest';
import { builtins } from '../../../src/builtins.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { createRegistry } from '../../../src/runtime/registry.ts';

it.each([
  ['is told of a message that fails where it waits for what becomes of it', 'delivered', 'nack'],
  ['does not hear of one that fails where it does not wait', 'accepted', 'discard'],
])('who sends %s', async (_fact, ack, onError) => {
  const { plan } = await loadConfiguration(
    {
      value: {
        plugins: [
          { name: 'orders', id: 'endpoint-http', path: '/orders', ack },
          { name: 'archive', id: 'endpoint-mock' },
        ],
        routes: { orders: ['archive'] },
      },
    },
    { registry: createRegistry(builtins) },
  );
  expect(plan.routes['orders']?.onError).toBe(onError);
});
