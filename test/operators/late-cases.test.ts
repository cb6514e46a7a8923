// The list of cases that RxJS walks through for its own operators, for those whose messages leave later than they came.

import { map as mapTo, type Observable, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { debounce } from '../../operators/debounce.ts';
import { delay } from '../../operators/delay.ts';
import { enrich } from '../../operators/enrich.ts';
import { sample } from '../../operators/sample.ts';
import { window } from '../../operators/window.ts';
import type { Message } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { turn } from '../virtual-time.ts';
import { createLedger } from './ledger.ts';

interface LateOperator {
  readonly create: (scheduler: TestScheduler) => MessageOperator;
  /** The same with a callback that throws at `b`, where it has one. */
  readonly throwing?: (scheduler: TestScheduler) => MessageOperator;
  /** What leaves and when, by the case; what came alone leaves as one sign. */
  readonly one: string;
  readonly many: string;
  readonly endless: string;
  readonly left: string;
  readonly thrown?: string;
  /** How what is inside when the source fails is settled. */
  readonly atError: 'nack' | 'ack';
}

const atB = ({ payload }: Message): string => {
  if (payload === 'b') throw new Error('b');
  return 'key';
};

/** Frames are milliseconds. */
const operators: Readonly<Record<string, LateOperator>> = {
  delay: {
    create: (scheduler) => delay({ ms: 2, scheduler }),
    throwing: (scheduler) => delay({ ms: 2, until: (message) => Number(atB(message).length) - 3, scheduler }),
    one: '----a----|',
    many: '---a---b---c-|',
    endless: '---a---b---c--',
    left: '---a',
    thrown: '---a-------c-|',
    atError: 'nack',
  },
  debounce: {
    create: (scheduler) => debounce({ ms: 2, scheduler }),
    throwing: (scheduler) => debounce({ ms: 2, key: atB, scheduler }),
    one: '----a----|',
    many: '---a---b---c-|',
    endless: '---a---b---c--',
    left: '---a',
    thrown: '---a-------c-|',
    atError: 'nack',
  },
  sample: {
    create: (scheduler) => sample({ ms: 4, scheduler }),
    throwing: (scheduler) => sample({ ms: 4, key: atB, scheduler }),
    one: '----a----|',
    many: '----a---b---c|',
    endless: '----a---b---c-',
    left: '----a',
    thrown: '----a-------c|',
    atError: 'nack',
  },
  window: {
    create: (scheduler) => window({ ms: 4, scheduler }),
    throwing: (scheduler) => window({ ms: 4, key: atB, scheduler }),
    one: '----a----|',
    many: '----a---b---c|',
    endless: '----a---b---c-',
    left: '----a',
    thrown: '----a-------c|',
    atError: 'nack',
  },
};

describe.each(Object.entries(operators))('%s as any operator', (_name, late) => {
  const { create, throwing, one, many, endless, left, thrown = '', atError } = late;

  it.each([
    ['never ends if its source never does', '-', '-', '^'],
    ['completes with an empty source', '|', '|', '(^!)'],
    ['passes one message', '--a------|', one, '^--------!'],
    ['passes many messages', '-a---b---c---|', many, '^------------!'],
    ['passes an error alone', '#', '#', '(^!)'],
    ['goes on as long as its source', '-a---b---c----', endless, '^'],
  ])('%s', (_fact, marbles, expected, subscription) => {
    play(create, (result, { cold, expectObservable, expectSubscriptions }) => {
      const source = cold(marbles);
      expectObservable(result(source)).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subscription);
    });
  });

  it('passes an error on at once, and settles what it has', () => {
    const ledger = play(create, (result, { cold, expectObservable }) => {
      expectObservable(result(cold('--a#'))).toBe('---#');
    });
    expect(ledger.statuses).toEqual([atError]);
  });

  it('leaves its source at once when it is left, and gives back what it has', () => {
    const ledger = play(create, (result, { hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a---b---|');
      expectObservable(result(source), '^----!').toBe(left);
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
    expect(ledger.statuses.at(0)).toBe('ack');
    expect(ledger.statuses.slice(1)).not.toContain('open');
  });

  it('fails the message alone at which a callback throws', () => {
    const ledger = play(throwing ?? create, (result, { cold, expectObservable }) => {
      expectObservable(result(cold('-a---b---c---|'))).toBe(thrown);
    });
    expect(ledger.failed.map(({ code }) => code)).toEqual(['step-failed']);
    expect(ledger.statuses).toEqual(['ack', 'reject', 'ack']);
  });
});

/** Runs what `test` sets up, and settles what leaves: nothing is open when it is over. */
function play(
  create: (scheduler: TestScheduler) => MessageOperator,
  test: (result: (source: Observable<unknown>) => Observable<unknown>, helpers: Helpers) => void,
): ReturnType<typeof createLedger> {
  const ledger = createLedger();
  const scheduler = new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted));
  scheduler.run((helpers) => {
    test((source) => shownBy(source, create(scheduler), ledger), helpers);
  });
  return ledger;
}

type Helpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

function shownBy(
  source: Observable<unknown>,
  operator: MessageOperator,
  ledger: ReturnType<typeof createLedger>,
): Observable<unknown> {
  return source.pipe(
    mapTo((payload) => ledger.claimed(payload)),
    operator,
    mapTo((passed) => {
      passed.ack();
      // A window of one.
      return Array.isArray(passed.payload) ? passed.payload.join('') : passed.payload;
    }),
  );
}

describe('enrich as any operator', () => {
  const lookup = (key: unknown): unknown => {
    if (key === 'b') throw new Error('b');
    return { found: key };
  };

  function started() {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const seen: unknown[] = [];
    const key = ({ payload }: Message) => (payload as { readonly key: unknown }).key;
    const subscription = source.pipe(enrich({ key, lookup })).subscribe({
      next(passed) {
        passed.ack();
        seen.push((passed.payload as { readonly found: unknown }).found);
      },
      error: (error) => seen.push(error),
      complete: () => seen.push('|'),
    });
    const send = (...keys: readonly string[]): void => {
      for (const each of keys) source.next(ledger.claimed({ key: each }));
    };
    return { ledger, source, seen, subscription, send };
  }

  it('never ends if its source never does, and completes with an empty one', () => {
    const [never, empty] = [started(), started()];
    empty.source.complete();
    expect([never.seen, empty.seen]).toEqual([[], ['|']]);
  });

  it('passes one message, and many in order, and completes after them', async () => {
    const [one, many] = [started(), started()];
    one.send('a');
    many.send('a', 'c', 'a');
    for (const { source } of [one, many]) source.complete();
    await turn();
    expect([one.seen, many.seen]).toEqual([
      ['a', '|'],
      ['a', 'c', 'a', '|'],
    ]);
  });

  it('passes an error on at once, and settles what it has', async () => {
    const { ledger, source, seen, send } = started();
    send('a');
    source.error('broken');
    expect(seen).toEqual(['broken']);
    await turn();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('leaves its source at once when it is left, and gives back what it has', async () => {
    const { ledger, source, subscription, send } = started();
    send('a');
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    await turn();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('fails the message alone at which a callback throws', async () => {
    const { ledger, seen, send } = started();
    send('a', 'b', 'c');
    await turn();
    expect(seen).toEqual(['a', 'c']);
    expect(ledger.statuses).toEqual(['ack', 'reject', 'ack']);
  });
});
