import fc from 'fast-check';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type RateLimitOptions, rateLimit, rateLimitStep } from '../../operators/rate-limit.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { poisonedKey } from './poisoned.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('rateLimit', {
  passing: () => rateLimit({ rate: { count: 1_000_000, perMs: 1_000 } }),
  message: (ledger, payload) => ledger.claimed(payload),
});

const rate = { count: 1, perMs: 10 };
const byKey = ({ meta }: Message): unknown => meta.key;
for (const law of [
  ...operatorLaws('rateLimit', {
    create: (scheduler) => rateLimit({ rate, burst: 2, capacity: 4, scheduler }),
    holds: 4,
  }),
  ...operatorLaws('rateLimit by key', {
    create: (scheduler) => rateLimit({ rate, key: byKey, maxKeys: 2, capacity: 4, scheduler }),
    order: 'key',
    holds: 4,
    poison: { payload: 'poison', create: (scheduler) => rateLimit({ rate, key: poisonedKey, scheduler }) },
  }),
  ...operatorLaws('rateLimit that discards', {
    create: (scheduler) => rateLimit({ rate, burst: 2, over: 'discard', scheduler }),
  }),
]) {
  test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
}

function start(options: Partial<RateLimitOptions> = {}) {
  return timed((scheduler) => rateLimit({ rate: { count: 10, perMs: 1_000 }, ...options, scheduler }));
}

describe('rateLimit', () => {
  it('lets a burst pass at once, then one at a time, in order', () => {
    const { send, wait, left } = start({ burst: 2 });
    send('a', 'b', 'c', 'd');
    wait(1_000);
    expect(left).toEqual(['a@0', 'b@0', 'c@100', 'd@200']);
  });

  it('lets as many pass at once as its rate counts, unless told otherwise', () => {
    const { send, left } = start();
    for (let place = 0; place < 20; place += 1) send(place);
    expect(left).toHaveLength(10);
  });

  it('has all its tokens again after a rest', () => {
    const { send, wait, left } = start({ burst: 2 });
    send('a', 'b');
    wait(200);
    send('c', 'd', 'e');
    expect(left).toEqual(['a@0', 'b@0', 'c@200', 'd@200']);
    wait(100);
    expect(left).toHaveLength(5);
  });

  it('discards what is over the rate where it is told to', () => {
    const { send, wait, left, ledger } = start({ burst: 1, over: 'discard' });
    send('a', 'b');
    wait(100);
    send('c');
    expect(left).toEqual(['a@0', 'c@100']);
    expect(ledger.discarded).toEqual(['rate-limited']);
    expect(ledger.statuses).toEqual(['open', 'ack', 'open']);
  });

  it('has a rate for each key, and serves those that wait in turn', () => {
    const { send, wait, left } = start({ burst: 1, key: ({ payload }) => (payload as string)[0] });
    send('a1', 'a2', 'a3', 'b1', 'b2');
    expect(left).toEqual(['a1@0', 'b1@0']);
    wait(100);
    expect(left.slice(2)).toEqual(['a2@100', 'b2@100']);
    wait(100);
    expect(left.slice(4)).toEqual(['a3@200']);
  });

  it('forgets the key unused for longest, and none of which messages wait', () => {
    const { send, wait, left } = start({
      burst: 1,
      maxKeys: 2,
      key: ({ payload }) => (payload as string)[0],
    });
    send('a1', 'a2', 'b1', 'c1', 'd1');
    // b and c are forgotten and begin anew, a is not.
    send('b2', 'a3');
    expect(left).toEqual(['a1@0', 'b1@0', 'c1@0', 'd1@0', 'b2@0']);
    wait(200);
    expect(left.slice(5)).toEqual(['a2@100', 'a3@200']);
  });

  it('forgets the key unused for longest, not the one that came first', () => {
    const { send, left, ledger } = start({
      burst: 1,
      over: 'discard',
      maxKeys: 2,
      key: ({ payload }) => payload,
    });
    send('a', 'b', 'a', 'c', 'a', 'b');
    expect(left).toEqual(['a@0', 'b@0', 'c@0', 'b@0']);
    expect(ledger.discarded).toEqual(['rate-limited', 'rate-limited']);
  });

  it('lets nothing overtake those that wait, though its timer is late', () => {
    const { send, wait, left, scheduler } = start({ burst: 1 });
    send('a', 'b');
    scheduler.frame = 250;
    send('c');
    wait(100);
    expect(left.map((each) => each[0])).toEqual(['a', 'b', 'c']);
  });

  it('holds its source by name while as many wait as may, and lets it go when half of them do', () => {
    const { send, wait, ledger } = start({ burst: 1, capacity: 4, name: 'orders.via[0] rate-limit' });
    for (let place = 0; place < 5; place += 1) send(place);
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] rate-limit']);
    wait(199);
    expect(ledger.holders.size).toBe(1);
    wait(1);
    expect(ledger.holders.size).toBe(0);
  });

  it('keeps few messages of one key and more of many, and as many as pass in 20 ms', () => {
    const holdsAt = (options: Partial<RateLimitOptions>): number => {
      const { send, ledger } = start({ burst: 1, ...options });
      let sent = 0;
      for (; ledger.holders.size === 0; sent += 1) send(sent);
      return sent - 1;
    };
    expect(holdsAt({})).toBe(64);
    expect(holdsAt({ key: () => 'one' })).toBe(1_024);
    expect(holdsAt({ rate: { count: 100_000, perMs: 1_000 } })).toBe(2_000);
  });

  it('completes when the last message has left', () => {
    const started = start({ burst: 1 });
    started.send('a', 'b');
    started.complete();
    expect(started.hasCompleted).toBe(false);
    started.wait(100);
    expect(started.hasCompleted).toBe(true);
  });

  it('does not complete while a message waits', () => {
    const started = start({ burst: 1 });
    started.send('a', 'b', 'c');
    started.complete();
    started.wait(100);
    expect(started.hasCompleted).toBe(false);
    started.wait(100);
    expect(started.left).toEqual(['a@0', 'b@100', 'c@200']);
    expect(started.hasCompleted).toBe(true);
  });

  it('pauses unless told otherwise, and says its name', () => {
    const { send, ledger } = start({ burst: 1, capacity: 1 });
    send('a', 'b');
    expect(ledger.discarded).toEqual([]);
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['rate-limit']);
  });

  it('lets what comes while it serves wait behind those that wait', () => {
    const source = new Subject<Message>();
    const scheduler = new VirtualTimeScheduler();
    const ledger = createLedger();
    const left: unknown[] = [];
    source
      .pipe(rateLimit({ rate: { count: 1, perMs: 10 }, burst: 2, scheduler }))
      .subscribe(({ payload }) => {
        left.push(payload);
        if (payload === 'c') source.next(ledger.claimed('e'));
      });
    for (const payload of ['a', 'b', 'c', 'd']) source.next(ledger.claimed(payload));
    scheduler.flush();
    expect(left).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(scheduler.frame).toBe(30);
  });

  it('sets one timer for all that wait', () => {
    const { send, scheduler } = start({ burst: 1, key: ({ payload }) => payload });
    send('a', 'b', 'a', 'a', 'b');
    expect(scheduler.actions).toHaveLength(1);
  });

  it('gives back all that waits, and lets its source go, when it is left', () => {
    const { send, leave, ledger, scheduler } = start({
      burst: 1,
      capacity: 2,
      key: ({ payload }) => payload,
    });
    send('a', 'b', 'a', 'a', 'b');
    expect(ledger.holders.size).toBe(1);
    leave();
    expect(ledger.statuses).toEqual(['open', 'open', 'nack', 'nack', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended', 'step-ended', 'step-ended']);
    expect(ledger.holders.size).toBe(0);
    expect(scheduler.actions).toEqual([]);
  });

  it('never lets more pass in any time than rate and burst allow, nor fewer than it could', () => {
    fc.assert(
      fc.property(
        fc.record({ count: fc.integer({ min: 1, max: 7 }), perMs: fc.integer({ min: 1, max: 50 }) }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ waitMs: fc.nat(30), messages: fc.nat(6) }), { maxLength: 20 }),
        (rate, burst, arrivals) => {
          const { send, wait, scheduler, passed, left } = start({ rate, burst });
          for (const { waitMs, messages } of arrivals) {
            wait(waitMs);
            for (let place = 0; place < messages; place += 1) send('m');
          }
          scheduler.maxFrames = Number.POSITIVE_INFINITY;
          scheduler.flush();
          const times = left.map((each) => Number(each.split('@')[1]));
          const tokenMs = rate.perMs / rate.count;
          for (let first = 0; first < times.length; first += 1) {
            for (let last = first; last < times.length; last += 1) {
              const span = (times[last] as number) - (times[first] as number);
              expect(last - first + 1).toBeLessThanOrEqual(span / tokenMs + burst + 1e-3);
            }
          }
          // All leave, and no later than at the rate from the last arrival on.
          const sent = arrivals.reduce((sum, { messages }) => sum + messages, 0);
          const arrivedBy = arrivals.reduce((sum, { waitMs }) => sum + waitMs, 0);
          expect(passed).toHaveLength(sent);
          expect(times.at(-1) ?? 0).toBeLessThanOrEqual(arrivedBy + sent * tokenMs + 1e-3);
        },
      ),
      runs({ share: 0.3 }),
    );
  });
});

describe('the step rate-limit', () => {
  it('does what each of its options says', () => {
    const options = { rate: '1/100ms', burst: 2, over: 'discard', key: 'payload[0]', 'max-keys': 1 };
    const { send, left, ledger } = startStep(rateLimitStep, options);
    send(['a'], ['a'], ['a'], ['b'], ['a']);
    expect(left).toEqual(['["a"]@0', '["a"]@0', '["b"]@0', '["a"]@0']);
    expect(ledger.discarded).toEqual(['rate-limited']);
  });

  it('holds its source by its place', () => {
    const { send, ledger } = startStep(rateLimitStep, '1/s');
    for (let place = 0; place < 65; place += 1) send(place);
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] rate-limit']);
  });

  it('keeps the order of all, unless messages of a key wait for others', () => {
    const rate = { count: 1, perMs: 1 };
    const key = byKey;
    expect(rateLimitStep.order?.({ rate })).toBe('all');
    expect(rateLimitStep.order?.({ rate, key })).toBe('key');
    expect(rateLimitStep.order?.({ rate, key, over: 'pause' })).toBe('key');
    expect(rateLimitStep.order?.({ rate, key, over: 'discard' })).toBe('all');
  });

  it.each([
    ['100/s', { rate: { count: 100, perMs: 1_000 } }],
    ['500/10s', { rate: { count: 500, perMs: 10_000 } }],
    [
      { rate: '10/m', burst: 2, over: 'discard' },
      { rate: { count: 10, perMs: 60_000 }, burst: 2, over: 'discard' },
    ],
    ['100', 'expected a rate such as 100/s, found "100"'],
    ['0/s', 'expected a rate of more than nothing, found "0/s"'],
    ['1/0s', 'expected a rate of more than nothing, found "1/0s"'],
    ['1/25d', 'expected a rate over at most 24d, found "1/25d"'],
    [100, 'expected a rate such as 100/s, found 100'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(rateLimitStep, options)).toEqual(wanted);
  });
});
