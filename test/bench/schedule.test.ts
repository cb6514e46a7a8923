import { describe, expect, it } from 'vitest';
import { createHistogram } from '../../bench/generator/histogram.ts';
import { createSchedule } from '../../bench/generator/schedule.ts';

describe('schedule', () => {
  it('lets the first message leave at the start, and the others evenly after it', () => {
    const schedule = createSchedule(1_000, 100);
    expect([999, 1_000, 1_009, 1_010, 2_000].map((now) => schedule.due(now))).toEqual([0, 1, 1, 2, 101]);
    expect([0, 1, 100].map((place) => schedule.intended(place))).toEqual([1_000, 1_010, 2_000]);
  });

  it('has meant every due message to leave by now, and no other', () => {
    const schedule = createSchedule(0, 7);
    for (let now = 0; now < 2_000; now += 13) {
      const due = schedule.due(now);
      expect(schedule.intended(due - 1)).toBeLessThanOrEqual(now);
      expect(schedule.intended(due)).toBeGreaterThan(now);
    }
  });

  it('makes a stall of a second count for every message that was due in it', () => {
    // 100 a second. The server stalls from 1,000 to 2,000 ms, and a generator that waits for it sends one message
    // in that time. Then all arrive at once.
    const schedule = createSchedule(0, 100);
    const latencies = createHistogram();
    for (let place = 0; place < 300; place += 1) {
      const intended = schedule.intended(place);
      const arrives = intended >= 1_000 && intended < 2_000 ? 2_000 : intended + 1;
      latencies.record(arrives - intended);
    }
    // One long wait among 300 would be all that is seen otherwise: p99 would be 1 ms.
    expect(latencies.quantile(0.5)).toBe(1);
    expect(latencies.quantile(0.99)).toBeGreaterThan(950);
    expect(latencies.quantile(0.8)).toBeGreaterThan(350);
  });
});
