import { afterAll, beforeAll, test } from 'vitest';
import { endpointBattery } from '../../src/testing/index.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { streamWorld } from './support/stream-world.ts';

describeWith(['redis-server'], 'endpoint-redis-stream', () => {
  let redis: RedisServer;
  let places = 0;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  const under = { start: () => streamWorld(redis, `s${(places += 1)}`) };
  for (const one of endpointBattery('endpoint-redis-stream', under)) {
    test(one.name, async (context) => {
      const outcome = await one.check();
      if (outcome !== undefined) context.skip(outcome.skipped);
    });
  }
});
