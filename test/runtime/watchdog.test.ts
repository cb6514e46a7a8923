import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { Gate } from '../../src/core/gate.ts';
import { silentLog } from '../../src/core/log.ts';
import { Message } from '../../src/core/message.ts';
import { createStepWatch } from '../../src/runtime/step-watch.ts';
import { startWatchdog } from '../../src/runtime/watchdog.ts';
import { pass } from '../virtual-time.ts';

test('watchdog › names who holds a source after 30 s, and again each time as long', () => {
  const scheduler = new VirtualTimeScheduler();
  const gate = new Gate({ window: 10, scheduler, onOpen: () => undefined });
  const lines: string[] = [];
  startWatchdog({
    endpoints: [{ name: 'orders', inbound: { gate } } as Endpoint],
    afterMs: 30_000,
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

test('watchdog › names a step that has kept a message so long, and again each time as long', () => {
  const scheduler = new VirtualTimeScheduler();
  const lines: [object, string][] = [];
  const stepWatch = createStepWatch(scheduler);
  let oldest: Message | undefined;
  stepWatch.watch({
    name: 'orders.via[0] ./debounce.ts',
    held: 12,
    get oldest() {
      return oldest;
    },
  });
  startWatchdog({
    endpoints: [],
    stepWatches: [stepWatch],
    afterMs: 30_000,
    scheduler,
    log: { ...silentLog, warn: (fields, text) => lines.push([fields, text]) },
  });
  oldest = Message.of('a');
  pass(scheduler, 30_000);
  oldest = Message.of('b');
  pass(scheduler, 30_000);
  expect(lines).toEqual([]);
  pass(scheduler, 5_000);
  expect(lines).toEqual([
    [
      { step: 'orders.via[0] ./debounce.ts', held: 12, seconds: 30 },
      expect.stringMatching(
        /^step orders\.via\[0\] \.\/debounce\.ts has kept 12 messages, one of them for 30 s; if it drops them/,
      ),
    ],
  ]);
  pass(scheduler, 30_000);
  expect(lines).toHaveLength(2);
  oldest = undefined;
  pass(scheduler, 60_000);
  expect(lines).toHaveLength(2);
});
