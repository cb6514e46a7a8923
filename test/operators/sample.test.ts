import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type SampleOptions, sample, sampleStep } from '../../operators/sample.ts';
import type { Message } from '../../src/core/message.ts';
import { createLedger } from './ledger.ts';
import { walkNewestOfKey } from './newest-of-key.ts';
import { parsed, startStep, timed } from './timed.ts';

walkNewestOfKey('sample', {
  create: (options) => sample({ ms: 15, ...options }),
  step: sampleStep,
  time: 'every',
});

function start(options: Partial<SampleOptions> = {}) {
  return timed((scheduler) => sample({ ms: 100, ...options, scheduler }));
}

describe('sample', () => {
  it('lets the newest of each period leave at its end, and discards those before it', () => {
    const { send, wait, left, ledger } = start();
    send('a', 'b');
    wait(99);
    send('c');
    wait(1);
    expect(left).toEqual(['c@100']);
    expect(ledger.discarded).toEqual(['superseded', 'superseded']);
    expect(ledger.statuses).toEqual(['ack', 'ack', 'open']);
  });

  it('begins its periods at multiples of them on the clock', () => {
    const { send, wait, left } = start();
    wait(130);
    send('a');
    wait(200);
    expect(left).toEqual(['a@200']);
  });

  it('emits nothing in a period without messages, and has no timer then', () => {
    const { send, wait, left, scheduler } = start();
    send('a');
    wait(100);
    expect(scheduler.actions).toEqual([]);
    wait(250);
    send('b');
    wait(50);
    expect(left).toEqual(['a@100', 'b@400']);
  });

  it('lets all keys leave at the same moment, the one that has waited longest first', () => {
    const { send, wait, left } = start({ key: ({ payload }) => (payload as string)[0] });
    send('a1', 'b1');
    wait(60);
    send('a2', 'c1');
    wait(40);
    expect(left).toEqual(['b1@100', 'a2@100', 'c1@100']);
  });

  it('lets the oldest leave early when more keys wait than may', () => {
    const { send, wait, left } = start({ maxKeys: 2, key: ({ payload }) => payload });
    wait(10);
    send('a', 'b', 'a', 'c');
    expect(left).toEqual(['b@10']);
  });

  it('keeps what comes of an emission for the next period', () => {
    const started = start();
    let isFed = false;
    const { send, wait, left, passed } = started;
    send('a');
    // What is emitted leads back, once.
    const { scheduler } = started;
    scheduler.schedule(() => {
      if (!isFed && passed.length === 1) send('b');
      isFed = true;
    }, 100);
    wait(300);
    expect(left).toEqual(['a@100', 'b@200']);
  });

  it('goes on by itself with what comes of an emission', () => {
    const source = new Subject<Message>();
    const scheduler = new VirtualTimeScheduler();
    const ledger = createLedger();
    const left: unknown[] = [];
    source.pipe(sample({ ms: 100, scheduler })).subscribe(({ payload }) => {
      left.push([payload, scheduler.frame]);
      if (left.length < 3) source.next(ledger.claimed(left.length));
    });
    source.next(ledger.claimed(0));
    expect(scheduler.actions).toHaveLength(1);
    scheduler.flush();
    expect(left).toEqual([
      [0, 100],
      [1, 200],
      [2, 300],
    ]);
  });

  it('leaves no timer behind when it is left', () => {
    const { send, leave, scheduler } = start();
    send('a', 'b');
    expect(scheduler.actions).toHaveLength(1);
    leave();
    expect(scheduler.actions).toEqual([]);
  });
});

describe('the step sample', () => {
  it('does what each of its options says', () => {
    const { send, wait, left } = startStep(sampleStep, { every: '100ms', key: 'payload.k', 'max-keys': 2 });
    const [a, b, c] = ['a', 'b', 'c'].map((k) => ({ k }));
    send(a, a, b, c);
    expect(left).toEqual(['{"k":"a"}@0']);
    wait(100);
    expect(left.slice(1)).toEqual(['{"k":"b"}@100', '{"k":"c"}@100']);
  });

  it.each([
    ['1s', { every: 1_000 }],
    [{ every: '100ms' }, { every: 100 }],
    [{ every: 5 }, 'expected a duration such as 250ms, found 5'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(sampleStep, options)).toEqual(wanted);
  });
});
