import { Subject, take, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type WindowOptions, window, windowStep } from '../../operators/window.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { createLedger } from './ledger.ts';
import { parsed, startStep, timed } from './timed.ts';

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
  test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
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

  it('holds its source no sooner, and until half of them have left', () => {
    const { send, wait, ledger } = start({ slideMs: 50, capacity: 8 });
    send(1, 2, 3);
    expect(ledger.holders.size).toBe(0);
    send(4);
    expect(ledger.holders.size).toBe(1);
    wait(50);
    expect(ledger.holders.size).toBe(0);
    const kept = start({ slideMs: 50, capacity: 8 });
    kept.wait(50);
    kept.send(1);
    kept.wait(49);
    kept.send(2, 3, 4, 5);
    expect(kept.ledger.holders.size).toBe(1);
    kept.wait(1);
    expect(kept.left).toEqual(['[1,2,3,4,5]@100']);
    expect(kept.ledger.holders.size).toBe(1);
    kept.wait(50);
    expect(kept.ledger.holders.size).toBe(0);
  });

  it('has one timer, and leaves none behind', () => {
    const { send, wait, leave, scheduler } = start({ slideMs: 50, key: ({ payload }) => payload });
    send('a', 'b');
    wait(20);
    send('a', 'c');
    expect(scheduler.actions).toHaveLength(1);
    leave();
    expect(scheduler.actions).toEqual([]);
  });

  it('gives back what it has, each message once for each window, when what follows leaves meanwhile', () => {
    const source = new Subject<Message>();
    const ledger = createLedger();
    source.pipe(window({ ms: 1_000_000, key: ({ payload }) => payload }), take(1)).subscribe();
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    source.complete();
    expect(ledger.statuses).toEqual(['open', 'nack', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended', 'step-ended']);
  });

  it('gives back the message that shows that a window has ended, when what follows leaves for that', () => {
    const source = new Subject<Message>();
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    source.pipe(window({ ms: 100, scheduler }), take(1)).subscribe();
    source.next(ledger.claimed('a'));
    scheduler.frame = 130;
    source.next(ledger.claimed('b'));
    expect(ledger.statuses).toEqual(['open', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended']);
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
  it('does what each of its options says', () => {
    const { send, wait, left } = startStep(windowStep, { every: '100ms', slide: '50ms', key: 'payload[0]' });
    send(['a'], ['b']);
    wait(100);
    expect(left).toEqual(['[["a"]]@50', '[["b"]]@50', '[["a"]]@100', '[["b"]]@100']);
  });

  it('lets what it has leave when its route is drained', () => {
    const flushOn = new Subject<void>();
    const { send, left } = startStep(windowStep, '1s', flushOn);
    send(1);
    flushOn.next();
    expect(left).toEqual(['[1]@0']);
  });

  it('keeps the order of all, or of each key where it has one', () => {
    expect(windowStep.order?.({ every: 1 })).toBe('all');
    expect(windowStep.order?.({ every: 1, key: byKey })).toBe('key');
  });

  it('makes one message of one at least, unless it slides', () => {
    expect(windowStep.gathers?.({ every: 1 })).toBe(1);
    expect(windowStep.gathers?.({ every: 1, slide: 1 })).toBe(0);
  });

  it('makes aggregates of values in CEL', () => {
    const { send, wait, passed } = startStep(windowStep, {
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
    const { send, wait, left, ledger } = startStep(windowStep, {
      every: '1s',
      with: { total: { sum: 'payload.price' } },
    });
    send({ price: 2 }, {}, { price: 'much' }, { price: 3 });
    wait(1_000);
    expect(left).toEqual(['{"total":5}@1000']);
    expect(ledger.failed.map(({ message }) => message)).toEqual([
      expect.stringContaining('price'),
      'step orders.via[0] window: total.sum: expected a number, found "much"',
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
      { every: '1s', slide: '1ms' },
      { every: 1_000, slide: 1 },
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
