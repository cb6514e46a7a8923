import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import type { Group } from '../../../plugins/endpoint-redis-stream/group.ts';
import { createReader } from '../../../plugins/endpoint-redis-stream/reader.ts';

/** What a connection says that has ended: at once, to whoever asks. */
const closed = new Error('Connection is closed.');

test('reader › asks nothing more once a read has failed, so that the end of the connection can be told', async () => {
  let reads = 0;
  const failures: unknown[] = [];
  const group: Group = {
    readNew: () => {
      reads += 1;
      // More would be a loop of microtasks that lets nothing else happen.
      return reads > 100 ? new Promise(() => undefined) : Promise.reject(closed);
    },
    ownPending: async () => [],
    stalePending: async () => [],
    claim: async () => [],
    keep: async () => undefined,
    ack: async () => undefined,
  };
  const reader = createReader({
    group,
    scheduler: new VirtualTimeScheduler(),
    claimAfterMs: 60_000,
    pingMs: 1_000,
    pongMs: 1_000,
    room: () => 8,
    isHeld: () => false,
    held: () => [],
    onEntry: () => 1,
    onFailed: (thrown) => failures.push(thrown),
  });
  reader.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(reads).toBe(1);
  expect(failures).toEqual([closed]);
});
