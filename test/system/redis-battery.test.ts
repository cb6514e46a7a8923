import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { playBattery } from './support/play-battery.ts';
import { redisWorld } from './support/redis-world.ts';

describeWith(['redis-server'], 'the battery', () => {
  let redis: RedisServer;
  let places = 0;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'no' });
  });
  afterAll(() => redis?.stop());

  playBattery('endpoint-redis', { start: () => redisWorld(redis, `p${(places += 1)}`) });
});
