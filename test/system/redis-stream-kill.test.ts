import { expect, test } from 'vitest';
import { startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { isDeep, killLoop, killLoopMs } from './support/kill-loop.ts';
import { streamWorld } from './support/stream-world.ts';

const sizes = isDeep ? { messages: 100_000, kills: 10 } : { messages: 2_000, kills: 1 };

describeWith(['redis-server'], 'araldo between two streams', () => {
  test(
    'loses nothing when it is killed under load',
    async () => {
      await using redis = await startRedis();
      const world = await streamWorld(redis, 'killed');
      try {
        const counted = await killLoop({ world, ...sizes });
        expect(counted.lost).toBe(0);
        console.info(`${sizes.kills} kills: ${JSON.stringify(counted)}`);
      } finally {
        await world.end?.();
      }
    },
    killLoopMs(sizes),
  );
});
