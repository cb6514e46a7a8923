import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { playBattery } from './support/play-battery.ts';
import { streamWorld } from './support/stream-world.ts';

describeWith(['redis-server'], 'endpoint-redis-stream', () => {
  let redis: RedisServer;
  let places = 0;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  playBattery('endpoint-redis-stream', { start: () => streamWorld(redis, `s${(places += 1)}`) });
});
