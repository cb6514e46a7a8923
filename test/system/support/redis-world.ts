// Redis Pub/Sub as the battery sees it: two channels, and plain commands beside araldo.

import { Redis } from 'ioredis';
import { plugin } from '../../../plugins/endpoint-redis/index.ts';
import type { BatteryWorld, OutsideMessage, ServerAddress } from '../../../src/testing/index.ts';
import type { RedisServer } from '../../servers/redis.ts';
import { until } from './server.ts';

/** @param place names the channels of one case */
export async function redisWorld(server: RedisServer, place: string): Promise<BatteryWorld> {
  const channels = { in: `${place}-in`, out: `${place}-out` };
  const options = { retryStrategy: () => 20 };
  const [publisher, subscriber] = [new Redis(server.url, options), new Redis(server.url, options)];
  // The server is killed now and then.
  for (const client of [publisher, subscriber]) client.on('error', () => undefined);
  const taken: OutsideMessage[] = [];
  subscriber.on('messageBuffer', (_channel: Buffer, payload: Buffer) => taken.push({ payload }));
  await subscriber.subscribe(channels.out);
  const at = ({ host, port }: ServerAddress, login = ''): object => ({
    url: `redis://${login}${host}:${port}`,
    ping: { every: '300ms', timeout: '300ms' },
  });
  return {
    plugin,
    server: { host: '127.0.0.1', port: server.port },
    source: (address) => ({ ...at(address), subscribe: channels.in }),
    sink: (address) => ({ ...at(address), publish: channels.out }),
    refusals: (address) => [
      {
        what: 'wrong password',
        options: { ...at(address, 'nobody:wrong-secret@'), subscribe: channels.in },
        says: /WRONGPASS.*check the user and the password in url/,
        secret: 'wrong-secret',
      },
    ],
    async put(messages) {
      const batch = publisher.pipeline();
      for (const { payload } of messages) batch.publish(channels.in, payload as Buffer);
      for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error;
    },
    taken: () => Promise.resolve(taken),
    kill: () => server.kill(),
    async restart() {
      await server.restart();
      await until('the other client listens again', async () => {
        const [, count] = (await publisher.pubsub('NUMSUB', channels.out)) as [string, number];
        return count > 0;
      });
    },
    cannot: {
      'carries meta from sink to source':
        'a message of Pub/Sub has no headers: an envelope carries what meta has',
    },
    end() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
