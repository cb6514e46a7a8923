import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { playBattery } from './support/play-battery.ts';
import { streamWorld } from './support/stream-world.ts';

const isKill = (name: string): boolean => name.includes('server was killed');

/** Two of them: one that syncs each write to its disk is slow, and only needed where it is killed. */
describeWith(['redis-server'], 'endpoint-redis-stream', () => {
  const servers: { durable?: RedisServer; quick?: RedisServer } = {};
  let places = 0;
  beforeAll(async () => {
    servers.durable = await startRedis();
    servers.quick = await startRedis({ appendfsync: 'no' });
  });
  afterAll(() => Promise.all([servers.durable?.stop(), servers.quick?.stop()]));

  const start = (which: keyof typeof servers) => () =>
    streamWorld(servers[which] as RedisServer, `s${(places += 1)}`);
  playBattery('endpoint-redis-stream', { start: start('quick') }, { only: (name) => !isKill(name) });
  playBattery('endpoint-redis-stream', { start: start('durable') }, { only: isKill });
});
