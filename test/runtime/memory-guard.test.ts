import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { silentLog } from '../../src/core/log.ts';
import { Source } from '../../src/core/source.ts';
import { memoryLimit, startMemoryGuard } from '../../src/runtime/memory-guard.ts';
import { pass } from '../virtual-time.ts';

function guarded() {
  const scheduler = new VirtualTimeScheduler();
  const inbound = new Source(
    {
      name: 'source',
      address: 'source',
      scheduler,
      maxInFlight: 10,
      maxDeliveries: 5,
      redelivers: false,
      canPause: true,
      stash: { messages: 10, bytes: 10 },
    },
    {},
    () => undefined,
  );
  const memory = { used: 0 };
  const endpoints = [{ inbound } as Endpoint];
  const guard = startMemoryGuard({
    endpoints,
    scheduler,
    log: silentLog,
    used: () => memory.used,
    limit: 1_000,
  });
  return { scheduler, inbound, memory, guard };
}

test.each([
  { used: 849, holders: [] },
  { used: 850, holders: ['memory'] },
])('memory guard › at $used of 1000 sources are held by $holders', ({ used, holders }) => {
  const { scheduler, inbound, memory } = guarded();
  memory.used = used;
  pass(scheduler, 1_000);
  expect(inbound.gate.holders).toEqual(holders);
});

test('memory guard › sources go on at 80 %, not before', () => {
  const { scheduler, inbound, memory } = guarded();
  memory.used = 900;
  pass(scheduler, 1_000);
  memory.used = 801;
  pass(scheduler, 1_000);
  expect(inbound.gate.isOpen).toBe(false);
  memory.used = 800;
  pass(scheduler, 1_000);
  expect(inbound.gate.isOpen).toBe(true);
});

test.each([
  { used: 949, isExhausted: false },
  { used: 950, isExhausted: true },
])('memory guard › at $used of 1000 new peers are refused: $isExhausted', ({ used, isExhausted }) => {
  const { scheduler, memory, guard } = guarded();
  memory.used = used;
  pass(scheduler, 1_000);
  expect(guard.isExhausted).toBe(isExhausted);
});

test('memory guard › the limit is that of the control group or the machine, and more than this process uses', () => {
  expect(memoryLimit()).toBeGreaterThan(process.memoryUsage.rss());
});
