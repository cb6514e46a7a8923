import { Subject } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type WindowOptions, window, windowStep } from '../../operators/window.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import { stepOf } from '../../src/core/operator.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { parsed, timed } from './timed.ts';

const byKey = ({ meta }: Message): unknown => meta.key;
const poisoned = ({ payload }: Message): unknown => {
  if (payload === 'poison') throw new Error('poison');
  return payload;
};

for (const law of [
  ...operatorLaws('window', {
    create: (scheduler) => window({ ms: 20, capacity: 5, scheduler }),
    holds: 5,
    poison: { payload: 'poison', create: (scheduler) => window({ ms: 20, of: poisoned, scheduler }) },
  }),
  ...operatorLaws('window that slides, by key', {
    create: (scheduler) => window({ ms: 21, slideMs: 7, key: byKey, capacity: 6, scheduler }),
    order: 'key',
    holds: 8,
    poison: {
      payload: 'poison',
      create: (scheduler) => window({ ms: 21, slideMs: 7, key: poisoned, scheduler }),
    },
  }),
]) {
  test(law.name, () => law.check(runs({ share: 0.05 })));
}

function start<Item>(options: Partial<WindowOptions<Item>> = {}) {
  return timed((scheduler) => window({ ms: 100, ...options, scheduler }));
}

describe('window', () => {
  it('makes a list of all that come in a span of the clock, when it ends', () => {
    const { send, wait, left, passed } = start();
    wait(30);
    send(1, 2);
    wait(69);
    send(3);
    wait(1);
    send(4);
    wait(300);
    send(5);
    wait(100);
    expect(left).toEqual(['[1,2,3]@100', '[4]@200', '[5]@500']);
    expect(passed.map(({ meta }) => meta['window'])).toEqual([
      { start: 0, end: 100 },
      { start: 100, end: 200 },
      { start: 400, end: 500 },
    ]);
  });

  it('has a message in every window that it overlaps with', () => {
    const { send, wait, left } = start({ slideMs: 50 });
    wait(110);
    send(1);
    wait(50);
    send(2);
    wait(300);
    expect(left).toEqual(['[1]@150', '[1,2]@200', '[2]@250']);
  });

  it('has a message in more windows at some times than at others, where a slide does not divide them', () => {
    const { send, wait, left } = start({ slideMs: 70 });
    wait(141);
    send(1);
    wait(60);
    send(2);
    wait(300);
    expect(left).toEqual(['[1]@170', '[1,2]@240']);
  });

  it('settles a message when all windows that it is in are, with the worst status', () => {
    const { send, wait, passed, ledger } = start({ slideMs: 50 });
    wait(110);
    send(1);
    wait(300);
    expect(passed).toHaveLength(2);
    passed[0]?.nack();
    expect(ledger.statuses).toEqual(['open']);
    passed[1]?.ack();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('discards what falls between windows that are shorter than their slide', () => {
    const { send, wait, left, ledger } = start({ slideMs: 200 });
    send(1);
    wait(150);
    send(2);
    wait(100);
    send(3);
    wait(100);
    expect(left).toEqual(['[1]@100', '[3]@300']);
    expect(ledger.discarded).toEqual(['no-window']);
  });

  it('has a window for each key, with that key in its meta', () => {
    const { send, wait, left, passed } = start({ key: ({ payload }) => (payload as string)[0] });
    send('a1', 'b1', 'a2');
    wait(100);
    expect(left).toEqual(['["a1","a2"]@100', '["b1"]@100']);
    expect(passed.map(({ meta }) => meta.key)).toEqual(['a', 'b']);
  });

  it('makes a payload of what it takes of each message', () => {
    const { send, wait, left } = start<number>({
      of: ({ payload }) => (payload as { n: number }).n,
      with: (numbers, { end }) => [numbers.reduce((sum, n) => sum + n, 0), end],
    });
    send({ n: 1 }, { n: 2 });
    wait(100);
    expect(left).toEqual(['[3,100]@100']);
  });

  it('fails all of a window of which no payload can be made, and no other', () => {
    const { send, wait, left, ledger } = start({
      with(items) {
        if (items.includes('bad')) throw new Error('bad');
        return items.length;
      },
    });
    send('a', 'bad');
    wait(100);
    send('c');
    wait(100);
    expect(left).toEqual(['1@200']);
    expect(ledger.failed.map(({ message }) => message)).toEqual(['step window: bad']);
    expect(ledger.statuses).toEqual(['reject', 'reject', 'open']);
  });

  it('holds its source while it keeps as many as may be, and lets it go when they have left', () => {
    const { send, wait, ledger } = start({ capacity: 3, name: 'orders.via[0] window' });
    send(1, 2, 3);
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] window']);
    wait(100);
    expect(ledger.holders.size).toBe(0);
  });

  it('takes nothing into a window that has ended, though its timer is late', () => {
    const { send, left, scheduler } = start();
    send(1);
    scheduler.frame = 130;
    send(2);
    expect(left).toEqual(['[1]@130']);
  });

  it('lets windows leave as they are when its source completes, and whenever it is told to', () => {
    const flushOn = new Subject<void>();
    const started = start({ flushOn });
    started.send(1);
    flushOn.next();
    started.send(2);
    started.complete();
    expect(started.left).toEqual(['[1]@0', '[2]@0']);
    expect(started.hasCompleted).toBe(true);
  });
});

describe('the step window', () => {
  function startStep(options: unknown) {
    const settings = parsed(windowStep, options);
    return timed((scheduler) => stepOf(windowStep, settings, { name: 'window', scheduler, log: silentLog }));
  }

  it('makes aggregates of values in CEL', () => {
    const { send, wait, passed } = startStep({
      every: '1s',
      with: {
        orders: 'count',
        total: { sum: 'payload.price * payload.qty' },
        mean: { mean: 'payload.price' },
        cheapest: { min: 'payload.price' },
        dearest: { max: 'payload.price' },
        opened: { first: 'payload.id' },
        newest: { last: 'payload' },
        ids: { list: 'payload.id' },
      },
    });
    send({ id: 'a', price: 2, qty: 3 }, { id: 'b', price: 4, qty: 1 });
    wait(1_000);
    expect(passed.map(({ payload }) => payload)).toEqual([
      {
        orders: 2,
        total: 10,
        mean: 3,
        cheapest: 2,
        dearest: 4,
        opened: 'a',
        newest: { id: 'b', price: 4, qty: 1 },
        ids: ['a', 'b'],
      },
    ]);
  });

  it('costs a message that has no such value alone', () => {
    const { send, wait, left, ledger } = startStep({
      every: '1s',
      with: { total: { sum: 'payload.price' } },
    });
    send({ price: 2 }, {}, { price: 'much' }, { price: 3 });
    wait(1_000);
    expect(left).toEqual(['{"total":5}@1000']);
    expect(ledger.failed.map(({ message }) => message)).toEqual([
      expect.stringContaining('price'),
      'step window: total.sum: expected a number, found "much"',
    ]);
    expect(ledger.statuses).toEqual(['open', 'reject', 'reject', 'open']);
  });

  it.each([
    ['1m', { every: 60_000 }],
    [
      { every: '1m', slide: '10s' },
      { every: 60_000, slide: 10_000 },
    ],
    [
      { every: '1s', slide: '2s' },
      'expected a slide no longer than every, and no shorter than a 1000th of it',
    ],
    [
      { every: '2s', slide: '1ms' },
      'expected a slide no longer than every, and no shorter than a 1000th of it',
    ],
    [
      { every: '1s', with: { total: {} } },
      'expected count or one of sum, mean, min, max, first, last, list with a value in CEL',
    ],
    [{ every: '1s', with: { total: { summ: 'payload.x' } } }, expect.stringContaining('Unrecognized key')],
  ])('reads %j', (options, wanted) => {
    expect(parsed(windowStep, options)).toEqual(wanted);
  });
});
