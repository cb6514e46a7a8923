import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { heartbeat } from '../../src/core/heartbeat.ts';
import { pass } from '../virtual-time.ts';

function beating(ping: () => void = () => undefined) {
  const scheduler = new VirtualTimeScheduler();
  const dead = vi.fn();
  const asked = vi.fn(ping);
  const beat = heartbeat({ scheduler, everyMs: 25_000, withinMs: 15_000, ping: asked, dead });
  return { scheduler, dead, asked, beat };
}

describe('heartbeat', () => {
  it('asks every 25 s for as long as it is answered', () => {
    const { scheduler, dead, asked, beat } = beating(() => scheduler.schedule(() => beat.heard(), 100));
    pass(scheduler, 250_100);
    expect(asked).toHaveBeenCalledTimes(10);
    expect(dead).not.toHaveBeenCalled();
  });

  it('is dead when nothing is heard within 15 s of asking, and then asks no more', () => {
    const { scheduler, dead, asked } = beating();
    pass(scheduler, 39_999);
    expect(dead).not.toHaveBeenCalled();
    pass(scheduler, 1);
    expect(dead).toHaveBeenCalledOnce();
    pass(scheduler, 600_000);
    expect(dead).toHaveBeenCalledOnce();
    expect(asked).toHaveBeenCalledOnce();
  });

  it('is dead when it answered once, and no more', () => {
    const { scheduler, dead, asked, beat } = beating();
    pass(scheduler, 26_000);
    beat.heard();
    pass(scheduler, 38_999);
    expect(asked).toHaveBeenCalledTimes(2);
    expect(dead).not.toHaveBeenCalled();
    pass(scheduler, 1);
    expect(dead).toHaveBeenCalledOnce();
  });

  it('expects nothing while it is held, and goes on asking', () => {
    const { scheduler, dead, asked, beat } = beating();
    pass(scheduler, 30_000);
    beat.hold();
    pass(scheduler, 270_000);
    expect(asked).toHaveBeenCalledTimes(12);
    expect(dead).not.toHaveBeenCalled();
    beat.release();
    pass(scheduler, 14_999);
    expect(dead).not.toHaveBeenCalled();
    pass(scheduler, 1);
    expect(dead).toHaveBeenCalledOnce();
  });

  it('expects nothing when it first asks while it is held', () => {
    const { scheduler, dead, beat } = beating();
    beat.hold();
    pass(scheduler, 100_000);
    expect(dead).not.toHaveBeenCalled();
    beat.release();
    pass(scheduler, 15_000);
    expect(dead).toHaveBeenCalledOnce();
  });

  it('does not count from anew each time it asks again', () => {
    const scheduler = new VirtualTimeScheduler();
    const dead = vi.fn();
    heartbeat({ scheduler, everyMs: 5_000, withinMs: 15_000, ping: () => undefined, dead });
    pass(scheduler, 20_000);
    expect(dead).toHaveBeenCalledOnce();
  });

  it('leaves no timer when stopped', () => {
    const { scheduler, dead, beat } = beating();
    pass(scheduler, 26_000);
    beat.stop();
    pass(scheduler, 60_000);
    expect(dead).not.toHaveBeenCalled();
    expect(scheduler.actions).toHaveLength(0);
  });
});
