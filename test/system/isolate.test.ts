// A sink that stands still holds its own consumer, and nobody else's.

import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { serve, until } from './support/server.ts';

const MESSAGES = 500;

describeWith(['redis-server'], 'isolate', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  it('lets one sink have all of a stream while the other stands still, and that one later, also after a restart', async () => {
    const client = new Redis(redis.url);
    const config = {
      plugins: [
        {
          name: 'orders',
          id: 'endpoint-redis-stream',
          url: redis.url,
          stream: 'orders',
          group: 'araldo',
          'max-in-flight': 16,
        },
        { name: 'fast', id: 'endpoint-mock' },
        { name: 'slow', id: 'endpoint-mock' },
      ],
      routes: { orders: { to: ['fast', 'slow'], overflow: 'pause', buffer: 8, isolate: true } },
    };
    const all = Array.from({ length: MESSAGES }, (_, n) => `order ${n}`);
    const pipeline = client.pipeline();
    for (const one of all) pipeline.xadd('orders', '*', 'payload', one);
    await pipeline.exec();
    const textsOf = (mock: MockEndpoint): string[] =>
      mock.sent.map(({ payload }) => (typeof payload === 'string' ? payload : String(payload)));
    {
      await using araldo = await serve(config);
      const fast = araldo.server.endpoint<MockEndpoint>('fast');
      araldo.server.endpoint<MockEndpoint>('slow').stall();
      await until('the fast one has all', () => fast.sent.length === MESSAGES);
      expect(textsOf(fast)).toEqual(all);
      const held = araldo.server.endpoint('orders/slow').inbound;
      expect(held.inFlight).toBeLessThanOrEqual(16);
      expect(held.acked).toBeLessThan(MESSAGES);
    }
    await using araldo = await serve(config);
    const slow = araldo.server.endpoint<MockEndpoint>('slow');
    await until('the slow one has the rest', () => textsOf(slow).at(-1) === all.at(-1));
    expect(araldo.server.endpoint<MockEndpoint>('fast').sent).toEqual([]);
    expect(await client.xinfo('GROUPS', 'orders')).toHaveLength(2);
    client.disconnect();
  });
});
