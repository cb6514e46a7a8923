import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { turnScheduler } from '../../src/core/turn-scheduler.ts';

describe('turn scheduler', () => {
  it('does what is due at once in the next turn of the event loop, in order', async () => {
    const done: string[] = [];
    for (const name of ['a', 'b']) turnScheduler.schedule(() => done.push(name));
    await Promise.resolve();
    expect(done).toEqual([]);
    await nextTurn();
    expect(done).toEqual(['a', 'b']);
  });

  it('does nothing that nobody waits for any more', async () => {
    const done: string[] = [];
    turnScheduler.schedule(() => done.push('soon')).unsubscribe();
    turnScheduler.schedule(() => done.push('later'), 1).unsubscribe();
    await nextTurn();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(done).toEqual([]);
  });

  it('does what is due later no sooner', async () => {
    const startedAt = turnScheduler.now();
    const doneAt = await new Promise<number>((resolve) => {
      turnScheduler.schedule(() => resolve(turnScheduler.now()), 5);
    });
    // Timers of Node count whole milliseconds.
    expect(doneAt - startedAt).toBeGreaterThanOrEqual(4);
  });

  it('knows the time', () => {
    expect(Math.abs(turnScheduler.now() - Date.now())).toBeLessThan(60_000);
  });
});
