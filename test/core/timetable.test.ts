import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Timetable } from '../../src/core/timetable.ts';
import { pass } from '../virtual-time.ts';

function start(ms: number, onDue?: (table: Timetable<string, number>, key: string) => void) {
  const scheduler = new VirtualTimeScheduler();
  const due: string[] = [];
  const table: Timetable<string, number> = new Timetable({
    scheduler,
    ms,
    onDue(key, value) {
      due.push(`${key}${value}@${scheduler.frame}`);
      onDue?.(table, key);
    },
  });
  return { scheduler, due, table };
}

describe('timetable', () => {
  it('says what is due when its time is up, the oldest first', () => {
    const { scheduler, due, table } = start(10);
    table.set('a', 1);
    table.set('b', 2);
    pass(scheduler, 4);
    table.set('c', 3);
    pass(scheduler, 20);
    expect(due).toEqual(['a1@10', 'b2@10', 'c3@14']);
    expect(table.size).toBe(0);
  });

  it('has what is entered again wait anew, as the newest', () => {
    const { scheduler, due, table } = start(10);
    table.set('a', 1);
    table.set('b', 2);
    pass(scheduler, 4);
    table.set('a', 3);
    expect(table.get('a')).toBe(3);
    pass(scheduler, 20);
    expect(due).toEqual(['b2@10', 'a3@14']);
  });

  it('says nothing of what was taken out, and has no timer once it is empty', () => {
    const { scheduler, due, table } = start(10);
    table.set('a', 1);
    table.set('b', 2);
    table.set('c', 3);
    expect(table.delete('b')).toBe(true);
    expect(table.delete('b')).toBe(false);
    expect(table.shift()).toEqual(['a', 1]);
    expect(table.shift()).toEqual(['c', 3]);
    expect(table.shift()).toBeUndefined();
    pass(scheduler, 20);
    expect(due).toEqual([]);
    expect(scheduler.actions).toEqual([]);
  });

  it('has one timer, however much is entered', () => {
    const { scheduler, table } = start(10);
    for (let place = 0; place < 100; place += 1) table.set(`${place}`, place);
    expect(scheduler.actions).toHaveLength(1);
  });

  it('looks at what is entered meanwhile later, also when that is due at once', () => {
    let entered = 0;
    const { scheduler, due, table } = start(0, (table) => {
      entered += 1;
      if (entered < 50) table.set('again', entered);
    });
    table.set('first', 0);
    scheduler.schedule(() => due.push('something else'));
    pass(scheduler, 0);
    expect(due.slice(0, 2)).toEqual(['first0@0', 'something else']);
    expect(due).toHaveLength(51);
  });

  it('says nothing more when it is stopped, and keeps what is in it', () => {
    const { scheduler, due, table } = start(10);
    table.set('a', 1);
    table.stop();
    table.set('b', 2);
    pass(scheduler, 20);
    expect(due).toEqual([]);
    expect(table.size).toBe(2);
    expect(scheduler.actions).toEqual([]);
  });
});
