import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { deadline } from '../../src/core/deadline.ts';
import { pass } from '../virtual-time.ts';

describe('deadline', () => {
  it('expires after its time, not before', () => {
    for (const ms of [1, 500, 15_000]) {
      const scheduler = new VirtualTimeScheduler();
      const expired = vi.fn();
      deadline(scheduler, ms, expired);
      pass(scheduler, ms - 1);
      expect(expired).not.toHaveBeenCalled();
      pass(scheduler, 1);
      expect(expired).toHaveBeenCalledOnce();
    }
  });

  it('does not expire once it is met, in its last part neither', () => {
    for (const metAt of [0, 14_500]) {
      const scheduler = new VirtualTimeScheduler();
      const expired = vi.fn();
      const timer = deadline(scheduler, 15_000, expired);
      pass(scheduler, metAt);
      timer.unsubscribe();
      pass(scheduler, 60_000);
      expect(expired).not.toHaveBeenCalled();
    }
  });

  it.each([
    [15_000, 1_000],
    [500, 250],
  ])('of %i ms expires %i ms after a process stood still', (ms, lastLookMs) => {
    const scheduler = new VirtualTimeScheduler();
    const expired = vi.fn();
    deadline(scheduler, ms, expired);
    scheduler.frame = 61_000;
    for (const due of scheduler.actions.splice(0)) due.execute(undefined, 0);
    pass(scheduler, lastLookMs - 1);
    expect(expired).not.toHaveBeenCalled();
    pass(scheduler, 1);
    expect(expired).toHaveBeenCalledOnce();
  });

  it('gives a process that stood still the time to read what arrived meanwhile', () => {
    const scheduler = new VirtualTimeScheduler();
    const expired = vi.fn();
    const timer = deadline(scheduler, 15_000, expired);
    pass(scheduler, 1_000);
    // Stopped for a minute: what is due runs first, late, and what arrived meanwhile is read after it.
    scheduler.frame = 61_000;
    for (const due of scheduler.actions.splice(0)) due.execute(undefined, 0);
    pass(scheduler, 999);
    expect(expired).not.toHaveBeenCalled();
    timer.unsubscribe();
    pass(scheduler, 60_000);
    expect(expired).not.toHaveBeenCalled();
  });
});
