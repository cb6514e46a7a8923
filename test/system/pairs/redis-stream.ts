// Redis Streams at one end of a pair. Redis answers a write when it is on disk (`appendfsync always`), so what it has
// acknowledged no kill can lose, and it brings nothing twice by itself.

import { Redis } from 'ioredis';
import { faultProxy } from '../../../src/testing/index.ts';
import { startRedis } from '../../servers/redis.ts';
import type { DurableSystem } from './durable-system.ts';
import { versionOf } from './version-of.ts';

const PAGE = 5_000;

export async function redisStreamSystem(): Promise<DurableSystem> {
  const server = await startRedis();
  const proxy = await faultProxy({ to: { port: server.port } });
  const url = `redis://127.0.0.1:${proxy.port}`;
  let client: Redis | undefined;
  let last = '-';

  /** A client that tries nothing again. */
  const connected = async (): Promise<Redis> => {
    if (client?.status === 'ready') return client;
    client?.disconnect();
    client = new Redis(server.url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };

  return {
    name: 'redis-stream',
    version: versionOf('redis-server', ['--version'], /v=(\S+)/),
    proxy,
    source: () => ({ id: 'endpoint-redis-stream', url, stream: 'in', group: 'g' }),
    sink: () => ({ id: 'endpoint-redis-stream', url, stream: 'out' }),
    async put(payloads) {
      try {
        const batch = (await connected()).pipeline();
        for (const payload of payloads) batch.xadd('in', '*', 'payload', payload);
        const answers = (await batch.exec()) ?? [];
        return payloads.map((_, at) => answers[at]?.[0] === null);
      } catch {
        return payloads.map(() => false);
      }
    },
    async read({ came }) {
      try {
        for (;;) {
          const some = await (await connected()).xrangeBuffer('out', last, '+', 'COUNT', PAGE);
          for (const [id, [, payload = Buffer.alloc(0)]] of some) {
            last = `(${id.toString()}`;
            came(payload);
          }
          if (some.length < PAGE) return;
        }
      } catch {
        // It is down; the next call reads on.
      }
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    async [Symbol.asyncDispose]() {
      client?.disconnect();
      await proxy.stop();
      await server.stop();
    },
  };
}
