import { Subject, take } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type DebounceOptions, debounce, debounceStep } from '../../operators/debounce.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { createLedger } from './ledger.ts';
import { parsed, startStep, timed } from './timed.ts';

const poisoned = ({ payload, meta }: Message): unknown => {
  if (payload === 'poison') throw new Error('poison');
  return meta.key;
};

for (const law of operatorLaws('debounce', {
  create: (scheduler) => debounce({ ms: 10, maxMs: 25, key: ({ meta }) => meta.key, maxKeys: 3, scheduler }),
  order: 'key',
  holds: 3,
  poison: { payload: 'poison', create: (scheduler) => debounce({ ms: 10, key: poisoned, scheduler }) },
})) {
  test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
}

function start(options: Partial<DebounceOptions> = {}) {
  return timed((scheduler) => debounce({ ms: 100, ...options, scheduler }));
}

describe('debounce', () => {
  it('lets a message leave when it has been quiet for so long, and discards those before it', () => {
    const { send, wait, left, ledger } = start();
    send('a');
    wait(99);
    send('b');
    wait(99);
    expect(left).toEqual([]);
    wait(1);
    expect(left).toEqual(['b@199']);
    expect(ledger.discarded).toEqual(['superseded']);
    expect(ledger.statuses).toEqual(['ack', 'open']);
  });

  it('holds a message back no longer than it may, however unquiet it is', () => {
    const { send, wait, left } = start({ maxMs: 250 });
    for (let place = 0; place < 7; place += 1) {
      send(place);
      wait(60);
    }
    expect(left).toEqual(['4@250']);
    wait(100);
    expect(left).toEqual(['4@250', '6@460']);
  });

  it('counts how long a key is unquiet anew after each message that left', () => {
    const { send, wait, left } = start({ ms: 10, maxMs: 30 });
    send('a');
    wait(25);
    send('b');
    wait(9);
    send('c');
    wait(10);
    expect(left).toEqual(['a@10', 'c@44']);
  });

  it('lets each key be quiet by itself', () => {
    const { send, wait, left } = start({ key: ({ payload }) => (payload as string)[0] });
    send('a1', 'b1');
    wait(50);
    send('b2');
    wait(200);
    expect(left).toEqual(['a1@100', 'b2@150']);
  });

  it('lets the quietest leave early when more keys wait than may', () => {
    const { send, left } = start({ maxKeys: 2, key: ({ payload }) => payload });
    send('a', 'b', 'a', 'c');
    expect(left).toEqual(['b@0']);
  });

  it('lets what waits leave when its source completes, and whenever it is told to', () => {
    const flushOn = new Subject<void>();
    const started = start({ flushOn, maxMs: 1_000 });
    started.send('a');
    flushOn.next();
    started.send('b');
    started.complete();
    expect(started.left).toEqual(['a@0', 'b@0']);
    expect(started.hasCompleted).toBe(true);
    expect(started.scheduler.actions).toEqual([]);
  });
});

describe('debounce that is told to let all leave', () => {
  const byPayload = ({ payload }: Message): unknown => payload;

  it('keeps what comes meanwhile for its own time', () => {
    const source = new Subject<Message>();
    const flushOn = new Subject<void>();
    const ledger = createLedger();
    const left: unknown[] = [];
    source.pipe(debounce({ ms: 100, flushOn, key: byPayload })).subscribe(({ payload }) => {
      left.push(payload);
      if (left.length < 3) source.next(ledger.claimed(`after ${left.length}`));
    });
    source.next(ledger.claimed('a'));
    source.next(ledger.claimed('b'));
    flushOn.next();
    expect(left).toEqual(['a', 'b']);
  });

  it('gives back what is left when what follows leaves meanwhile', () => {
    const source = new Subject<Message>();
    const ledger = createLedger();
    source.pipe(debounce({ ms: 100, key: byPayload }), take(1)).subscribe();
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    source.complete();
    expect(ledger.statuses).toEqual(['open', 'nack', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended', 'step-ended']);
  });
});

describe('the step debounce', () => {
  it('does what each of its options says', () => {
    const options = { for: '100ms', max: '150ms', key: 'payload.k', 'max-keys': 2 };
    const { send, wait, left } = startStep(debounceStep, options);
    send({ k: 'a' });
    wait(80);
    send({ k: 'a', n: 2 }, { k: 'b' });
    wait(70);
    expect(left).toEqual(['{"k":"a","n":2}@150']);
    wait(30);
    expect(left.slice(1)).toEqual(['{"k":"b"}@180']);
    send({ k: 'a' }, { k: 'b' }, { k: 'c' });
    expect(left.slice(2)).toEqual(['{"k":"a"}@180']);
  });

  it('names itself by its place when it fails a message', () => {
    const { send, ledger } = startStep(debounceStep, { for: '1s', key: 'payload.k' });
    send({});
    expect(ledger.failed[0]?.message).toMatch(/^step orders\.via\[0\] debounce: /);
  });

  it('lets what it has leave when its route is drained', () => {
    const flushOn = new Subject<void>();
    const { send, left } = startStep(debounceStep, '1s', flushOn);
    send(1);
    flushOn.next();
    expect(left).toEqual(['1@0']);
  });

  it('keeps the order of all, or of each key where it has one', () => {
    expect(debounceStep.order?.({ for: 1 })).toBe('all');
    expect(debounceStep.order?.({ for: 1, key: ({ id }) => id })).toBe('key');
  });

  it.each([
    ['200ms', { for: 200 }],
    [
      { for: '200ms', max: '2s' },
      { for: 200, max: 2_000 },
    ],
    [{ max: '2s' }, 'expected a duration such as 250ms, found nothing'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(debounceStep, options)).toEqual(wanted);
  });
});
