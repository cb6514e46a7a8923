import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { Gate } from '../../src/core/gate.ts';
import { silentLog } from '../../src/core/log.ts';
import { startWatchdog } from '../../src/runtime/watchdog.ts';
import { pass } from '../virtual-time.ts';

test('watchdog › names who holds a source after 30 s, and again each time as long', () => {
  const scheduler = new VirtualTimeScheduler();
  const gate = new Gate({ window: 10, scheduler, onOpen: () => undefined });
  const lines: string[] = [];
  startWatchdog({
    endpoints: [{ name: 'orders', inbound: { gate } } as Endpoint],
    scheduler,
    log: { ...silentLog, warn: (_fields, text) => lines.push(text) },
  });
  const holder = { name: 'orders → archive' };
  gate.hold(holder);
  pass(scheduler, 29_000);
  expect(lines).toEqual([]);
  pass(scheduler, 11_000);
  expect(lines).toEqual(['orders has been held for 30 s by orders → archive']);
  pass(scheduler, 30_000);
  expect(lines).toHaveLength(2);

  gate.release(holder);
  pass(scheduler, 5_000);
  gate.hold(holder);
  pass(scheduler, 29_000);
  expect(lines).toHaveLength(2);
});
