import { Subject } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type Edge, type ThrottleOptions, throttle, throttleStep } from '../../operators/throttle.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { poisonedKey } from './poisoned.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('throttle', {
  passing: () => throttle({ ms: 1, key: () => Math.random() }),
  message: (ledger, payload) => ledger.claimed(payload),
});

for (const edge of ['leading', 'trailing', 'both'] as const) {
  for (const law of operatorLaws(`throttle with the edge ${edge}`, {
    create: (scheduler) => throttle({ ms: 15, edge, key: ({ meta }) => meta.key, maxKeys: 3, scheduler }),
    order: 'key',
    holds: edge === 'leading' ? 0 : 3,
    poison: {
      payload: 'poison',
      create: (scheduler) => throttle({ ms: 15, edge, key: poisonedKey, scheduler }),
    },
  })) {
    test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
  }
}

function start(options: Partial<ThrottleOptions> = {}) {
  return timed((scheduler) => throttle({ ms: 100, ...options, scheduler }));
}

describe('throttle', () => {
  it.each<[Edge | undefined, string[], string[]]>([
    [undefined, ['a@0', 'd@100', 'e@210'], ['throttled', 'throttled']],
    ['leading', ['a@0', 'd@100', 'e@210'], ['throttled', 'throttled']],
    ['trailing', ['c@100', 'd@200', 'e@300'], ['throttled', 'throttled']],
    ['both', ['a@0', 'c@100', 'd@200', 'e@300'], ['throttled']],
  ])('lets pass by the edge %s', (edge, expected, discarded) => {
    const { send, wait, left, ledger } = start({ edge });
    send('a');
    wait(50);
    send('b', 'c');
    wait(50);
    send('d');
    wait(110);
    send('e');
    wait(100);
    expect(left).toEqual(expected);
    expect(ledger.discarded).toEqual(discarded);
  });

  it('acks what it discards, and leaves the others to what follows', () => {
    const { send, passed, ledger } = start();
    send('a', 'b');
    passed[0]?.nack();
    expect(ledger.statuses).toEqual(['nack', 'ack']);
  });

  it('has a period for each key', () => {
    const { send, wait, left } = start({ key: ({ payload }) => (payload as string)[0] });
    send('a1', 'b1');
    wait(50);
    send('a2', 'b2', 'c1');
    expect(left).toEqual(['a1@0', 'b1@0', 'c1@50']);
  });

  it('ends the oldest period early when more keys have one than may', () => {
    const { send, left, ledger } = start({ maxKeys: 2, edge: 'trailing', key: ({ payload }) => payload });
    send('a', 'b', 'c');
    expect(left).toEqual(['a@0']);
    send('b');
    expect(ledger.discarded).toEqual(['throttled']);
  });

  it('lets the newest of each period leave when its source completes', () => {
    const started = start({ edge: 'both', key: ({ payload }) => (payload as string)[0] });
    started.send('a1', 'a2', 'b1', 'b2', 'b3');
    started.complete();
    expect(started.left).toEqual(['a1@0', 'b1@0', 'a2@0', 'b3@0']);
    expect(started.hasCompleted).toBe(true);
  });

  it('leaves no timer behind once it is quiet', () => {
    const { send, wait, scheduler } = start();
    send('a');
    wait(100);
    expect(scheduler.actions).toEqual([]);
  });
});

describe('throttle, as its source completes or it is left,', () => {
  it('lets what waited leave, and nothing that comes of that', () => {
    const source = new Subject<Message>();
    const ledger = createLedger();
    const left: unknown[] = [];
    const options: ThrottleOptions = { ms: 100, edge: 'trailing', key: ({ payload }) => payload };
    source.pipe(throttle(options)).subscribe(({ payload }) => {
      left.push(payload);
      if (left.length < 3) source.next(ledger.claimed(`after ${left.length}`));
    });
    source.next(ledger.claimed('a'));
    source.next(ledger.claimed('b'));
    source.complete();
    expect(left).toEqual(['a', 'b']);
  });

  it('leaves no timer behind, and gives back what waits', () => {
    const { send, leave, scheduler, ledger } = start({ edge: 'trailing' });
    send('a');
    leave();
    expect(scheduler.actions).toEqual([]);
    expect(ledger.statuses).toEqual(['nack']);
    expect(ledger.discarded).toEqual(['step-ended']);
  });
});

describe('the step throttle', () => {
  it('does what each of its options says', () => {
    const options = { every: '100ms', edge: 'both', key: 'payload[0]', 'max-keys': 2 };
    const { send, wait, left } = startStep(throttleStep, options);
    send(['a', 1], ['a', 2], ['b', 1], ['c', 1]);
    expect(left).toEqual(['["a",1]@0', '["b",1]@0', '["c",1]@0', '["a",2]@0']);
    send(['c', 2]);
    wait(100);
    expect(left.slice(4)).toEqual(['["c",2]@100']);
  });

  it('names itself by its place when it fails a message', () => {
    const { send, ledger } = startStep(throttleStep, { every: '1s', key: 'payload.k' });
    send({});
    expect(ledger.failed[0]?.message).toMatch(/^step orders\.via\[0\] throttle: /);
  });

  it('keeps the order of all, unless messages of a key wait while others leave', () => {
    const [every, key] = [1, ({ id }: Message): unknown => id];
    expect(throttleStep.order?.({ every })).toBe('all');
    expect(throttleStep.order?.({ every, edge: 'trailing' })).toBe('all');
    expect(throttleStep.order?.({ every, key })).toBe('all');
    expect(throttleStep.order?.({ every, key, edge: 'leading' })).toBe('all');
    expect(throttleStep.order?.({ every, key, edge: 'both' })).toBe('key');
    expect(throttleStep.order?.({ every, key, edge: 'trailing' })).toBe('key');
  });

  it.each([
    ['1s', { every: 1_000 }],
    [
      { every: '200ms', edge: 'both', 'max-keys': 10 },
      { every: 200, edge: 'both', 'max-keys': 10 },
    ],
    [{ edge: 'both' }, 'expected a duration such as 250ms, found nothing'],
    [7, 'expected a duration such as 250ms, found 7'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(throttleStep, options)).toEqual(wanted);
  });
});
