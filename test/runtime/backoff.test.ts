import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { backoff } from '../../src/runtime/backoff.ts';
import { pass } from '../virtual-time.ts';

describe('backoff', () => {
  it('goes from 50 ms to 4 s by default', () => {
    const lowest = backoff({ scheduler: new VirtualTimeScheduler(), random: () => 0 });
    const highest = backoff({ scheduler: new VirtualTimeScheduler(), random: () => 1 });
    expect(Array.from({ length: 4 }, lowest.next)).toEqual([50, 50, 50, 50]);
    expect(Array.from({ length: 8 }, highest.next)).toEqual([100, 200, 400, 800, 1_600, 3_200, 4_000, 4_000]);
  });

  it('is not fooled by a server that accepts and hangs up', () => {
    const scheduler = new VirtualTimeScheduler();
    const pause = backoff({ scheduler, random: () => 1 });
    pause.next();
    pause.succeeded();
    pass(scheduler, 9_999);
    expect(pause.next()).toBe(200);
    pass(scheduler, 60_000);
    expect(pause.next()).toBe(400);
  });

  it('begins anew after a success of 10 s', () => {
    const scheduler = new VirtualTimeScheduler();
    const pause = backoff({ scheduler, random: () => 1 });
    pause.next();
    pause.next();
    pause.succeeded();
    pass(scheduler, 10_000);
    expect(pause.next()).toBe(100);
  });

  it('leaves no timer when stopped', () => {
    const scheduler = new VirtualTimeScheduler();
    const pause = backoff({ scheduler });
    pause.succeeded();
    pause.stop();
    pass(scheduler, 60_000);
    expect(scheduler.actions).toHaveLength(0);
  });
});
