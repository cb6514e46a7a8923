import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type DelayOptions, delay, delayStep } from '../../operators/delay.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { createLedger } from './ledger.ts';
import { parsed, startStep, timed } from './timed.ts';

const until = ({ payload }: Message): unknown => {
  if (payload === 'poison') throw new Error('poison');
  return 10;
};

for (const law of operatorLaws('delay', {
  create: (scheduler) => delay({ ms: 12, capacity: 5, scheduler }),
  holds: 5,
  poison: { payload: 'poison', create: (scheduler) => delay({ ms: 12, until, scheduler }) },
})) {
  test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
}

function start(options: DelayOptions) {
  return timed((scheduler) => delay({ ...options, scheduler }));
}

describe('delay', () => {
  it('lets every message leave later, as far apart as they came', () => {
    const { send, wait, left } = start({ ms: 100 });
    send('a');
    wait(30);
    send('b', 'c');
    wait(200);
    expect(left).toEqual(['a@100', 'b@130', 'c@130']);
  });

  it.each([
    ['milliseconds since 1970', 500],
    ['a date', new Date(500)],
    ['its text', '1970-01-01T00:00:00.500Z'],
  ])('waits until %s', (_form, at) => {
    const { send, wait, left } = start({ until: () => at });
    send('a');
    wait(1_000);
    expect(left).toEqual(['a@500']);
  });

  it('waits no more for a time that has passed, but as long as it must', () => {
    const { send, wait, left } = start({ ms: 50, until: ({ payload }) => payload });
    wait(100);
    send(0, 120, 500);
    wait(1_000);
    expect(left).toEqual(['0@150', '120@150', '500@500']);
  });

  it('keeps the order of messages, whenever each may leave', () => {
    const { send, wait, left } = start({ until: ({ payload }) => payload });
    send(500, 100, 600);
    wait(1_000);
    expect(left).toEqual(['500@500', '100@500', '600@600']);
  });

  it.each([
    [
      'tomorrow',
      'step delay: expected a date, its text in ISO 8601, or milliseconds since 1970, found "tomorrow"',
    ],
    [null, 'step delay: expected a date, its text in ISO 8601, or milliseconds since 1970, found null'],
    [1e12, 'step delay: expected a time within the next 24 days, found 1000000000000'],
  ])('fails a message that is to wait until %j', (at, error) => {
    const { send, ledger } = start({ until: () => at });
    send('a');
    expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([['step-failed', error]]);
  });

  it('waits as long as a timer can, counted from now', () => {
    const day = 86_400_000;
    const { send, wait, left, ledger } = start({ until: ({ payload }) => payload });
    wait(day);
    send(2 ** 31 - 1 + day, 2 ** 31 + day);
    expect(ledger.statuses).toEqual(['open', 'reject']);
    wait(2 ** 31);
    expect(left).toHaveLength(1);
  });

  it('holds its source while as many wait as may, and lets it go when half of them do', () => {
    const { send, wait, ledger } = start({ ms: 100, capacity: 4, name: 'orders.via[0] delay' });
    for (let place = 0; place < 4; place += 1) {
      send(place);
      wait(10);
    }
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] delay']);
    wait(60);
    expect(ledger.holders.size).toBe(1);
    wait(10);
    expect(ledger.holders.size).toBe(0);
  });

  it('holds its source no sooner', () => {
    const { send, ledger } = start({ ms: 100, capacity: 4 });
    send(1, 2, 3);
    expect(ledger.holders.size).toBe(0);
  });

  it('completes when the last message has left, and no sooner', () => {
    const started = start({ ms: 100 });
    started.send('a');
    started.wait(100);
    expect(started.hasCompleted).toBe(false);
    started.send('b');
    started.wait(50);
    started.send('c');
    started.complete();
    expect(started.hasCompleted).toBe(false);
    started.wait(50);
    expect(started.left).toEqual(['a@100', 'b@200']);
    expect(started.hasCompleted).toBe(false);
    started.wait(50);
    expect(started.left.slice(2)).toEqual(['c@250']);
    expect(started.hasCompleted).toBe(true);
  });

  it('leaves what comes while others leave to the next turn, also when it is due at once', () => {
    const source = new Subject<Message>();
    const scheduler = new VirtualTimeScheduler();
    const ledger = createLedger();
    const emitted: unknown[] = [];
    source.pipe(delay({ until: () => 0, scheduler })).subscribe(({ payload }) => {
      emitted.push(payload);
      scheduler.schedule(() => emitted.push('turn'));
      if (payload !== 'c') source.next(ledger.claimed(payload === 'a' ? 'b' : 'c'));
    });
    source.next(ledger.claimed('a'));
    expect(scheduler.actions).toHaveLength(1);
    scheduler.flush();
    expect(emitted).toEqual(['a', 'turn', 'b', 'turn', 'c', 'turn']);
  });

  it('gives back all that waits, and lets its source go, when it is left', () => {
    const { send, leave, ledger, scheduler } = start({ ms: 100, capacity: 2 });
    send('a', 'b');
    expect(ledger.holders.size).toBe(1);
    leave();
    expect(ledger.statuses).toEqual(['nack', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended', 'step-ended']);
    expect(ledger.holders.size).toBe(0);
    expect(scheduler.actions).toEqual([]);
  });
});

describe('the step delay', () => {
  it('does what each of its options says', () => {
    const { send, wait, left } = startStep(delayStep, { for: '50ms', until: 'payload' });
    send(0, 100);
    wait(100);
    expect(left).toEqual(['0@50', '100@100']);
  });

  it('takes until alone', () => {
    expect(parsed(delayStep, { until: 'payload' })).toEqual({ until: expect.any(Function) });
  });

  it.each([
    ['5s', { for: 5_000 }],
    [
      { for: '5s', until: 'payload.at' },
      { for: 5_000, until: expect.any(Function) },
    ],
    [{}, 'expected for or until, found neither'],
    ['0s', 'expected a duration of at least 1ms, found "0s"'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(delayStep, options)).toEqual(wanted);
  });
});
