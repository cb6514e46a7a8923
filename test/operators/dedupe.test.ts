import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { dedupe, dedupeStep } from '../../operators/dedupe.ts';
import type { Message, Status } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('dedupe', {
  passing: () => dedupe(),
  message: (ledger, payload) => ledger.claimed(payload),
});

const byPayload = ({ payload }: Message): unknown => payload;

for (const law of operatorLaws('dedupe', {
  create: (scheduler) =>
    dedupe({
      ms: 100,
      max: 2,
      maxWaiting: 3,
      scheduler,
      key({ payload, meta }) {
        if (payload === 'poison') throw new Error('poison');
        return meta.key;
      },
    }),
  order: 'key',
  holds: 3,
  poison: { payload: 'poison' },
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

describe('dedupe', () => {
  const start = (options = {}) => timed((scheduler) => dedupe({ key: byPayload, scheduler, ...options }));

  it('discards what was delivered before', () => {
    const { send, left, passed, ledger } = start();
    send('a', 'b');
    for (const message of passed) message.ack();
    send('a', 'b', 'c');
    expect(left).toEqual(['a@0', 'b@0', 'c@0']);
    expect(ledger.discarded).toEqual(['duplicate', 'duplicate']);
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack', 'ack', 'open']);
  });

  it.each<Status>(['nack', 'reject'])(
    'forgets what failed, so that its next delivery passes: %s',
    (status) => {
      const { send, left, passed } = start();
      send('a');
      passed[0]?.settle(status);
      send('a');
      expect(left).toEqual(['a@0', 'a@0']);
    },
  );

  it('keeps a duplicate until it is known what becomes of the first, and discards it when that arrives', () => {
    const { send, left, passed, ledger } = start();
    send('a', 'a', 'a');
    expect(left).toEqual(['a@0']);
    expect(ledger.statuses).toEqual(['open', 'open', 'open']);
    passed[0]?.ack();
    expect(left).toEqual(['a@0']);
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack']);
    expect(ledger.discarded).toEqual(['duplicate', 'duplicate']);
  });

  it.each<Status>(['nack', 'reject'])(
    'lets the duplicate go on in its place when the first fails: %s',
    (status) => {
      const { send, left, passed, ledger } = start();
      send('a', 'a', 'a');
      passed[0]?.settle(status);
      expect(left).toEqual(['a@0', 'a@0']);
      passed[1]?.ack();
      expect(left).toHaveLength(2);
      expect(ledger.statuses).toEqual([status, 'ack', 'ack']);
    },
  );

  it('remembers a key for as long as it should, from the ack on', () => {
    const { send, left, passed, wait } = start({ ms: 100 });
    send('a');
    wait(500);
    passed[0]?.ack();
    wait(99);
    send('a');
    wait(1);
    send('a');
    expect(left).toEqual(['a@0', 'a@600']);
  });

  it('forgets the oldest key when there are more than it may remember', () => {
    const { send, left, passed } = start({ max: 2 });
    for (const payload of ['a', 'b', 'c', 'a']) {
      send(payload);
      passed.at(-1)?.ack();
    }
    send('c');
    expect(left).toEqual(['a@0', 'b@0', 'c@0', 'a@0']);
  });

  it('counts as the newest a key that comes again after it was forgotten', () => {
    const { send, passed, left, wait } = start({ max: 2, ms: 100 });
    const deliver = (payload: unknown): void => {
      send(payload);
      passed.at(-1)?.ack();
    };
    deliver('a');
    wait(50);
    deliver('b');
    wait(50);
    deliver('a');
    deliver('c');
    send('a');
    expect(left).toEqual(['a@0', 'b@50', 'a@100', 'c@100']);
    send('b');
    expect(left.at(-1)).toBe('b@100');
  });

  it('holds its source while as many duplicates wait as may', () => {
    const { send, passed, ledger } = start({ maxWaiting: 2, name: 'orders.via[0] dedupe' });
    send('a', 'a', 'a');
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] dedupe']);
    passed[0]?.ack();
    expect(ledger.holders.size).toBe(0);
  });

  it('lets what has no key pass', () => {
    const { send, left } = start({ key: ({ payload }: Message) => (payload === 1 ? undefined : null) });
    send(1, 1, 2, 2);
    expect(left).toEqual(['1@0', '1@0', '2@0', '2@0']);
  });

  it('compares ids unless told otherwise', () => {
    const { sendWith, left } = timed((scheduler) => dedupe({ scheduler }));
    sendWith({ id: '1' }, 'a');
    sendWith({ id: '1' }, 'b');
    sendWith({ id: '2' }, 'a');
    expect(left).toEqual(['a@0', 'a@0']);
  });

  it('completes when it is known what becomes of each duplicate', () => {
    const started = start();
    started.send('a', 'a');
    started.complete();
    expect(started.hasCompleted).toBe(false);
    started.passed[0]?.nack();
    expect(started.left).toEqual(['a@0', 'a@0']);
    expect(started.hasCompleted).toBe(true);
  });

  it('gives back the duplicates that wait when it is left', () => {
    const { send, leave, ledger } = start();
    send('a', 'a');
    leave();
    expect(ledger.statuses).toEqual(['open', 'nack']);
  });

  it('remembers a key from its last ack on', () => {
    const { send, passed, left, wait } = start({ max: 2, ms: 100 });
    const deliver = (...payloads: readonly unknown[]): void => {
      for (const payload of payloads) {
        send(payload);
        passed.at(-1)?.ack();
      }
    };
    deliver('a');
    wait(100);
    deliver('b', 'a');
    expect(left).toHaveLength(3);
    deliver('c');
    send('a', 'b');
    expect(left.slice(3)).toEqual(['c@100', 'b@100']);
  });

  it('loses no key and delivers none twice, whatever fails', () => {
    const deed = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c') },
      {
        weight: 1,
        arbitrary: fc.record({ which: fc.nat(3), status: fc.constantFrom<Status>('ack', 'nack', 'reject') }),
      },
    );
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const { send, passed, ledger } = start();
        const fate = new Map<Message, Status>();
        const settle = (message: Message, status: Status): void => {
          const delivered = [...fate].some(
            ([other, status]) => other.payload === message.payload && status === 'ack',
          );
          expect(delivered).toBe(false);
          fate.set(message, status);
          message.settle(status);
        };
        const open = (): Message[] => passed.filter((message) => !fate.has(message));
        for (const each of deeds) {
          if (typeof each === 'string') {
            send(each);
            continue;
          }
          const message = open()[each.which % Math.max(1, open().length)];
          if (message !== undefined) settle(message, each.status);
        }
        for (let [message] = open(); message !== undefined; [message] = open()) settle(message, 'ack');
        // Whoever was acked without having been delivered is the duplicate of one that was.
        for (const payload of new Set(deeds.filter((each) => typeof each === 'string'))) {
          const own = passed.filter((message) => message.payload === payload);
          const acks = own.filter((message) => fate.get(message) === 'ack').length;
          const came = deeds.filter((each) => each === payload).length;
          expect(acks).toBe(own.length < came || fate.get(own.at(-1) as Message) === 'ack' ? 1 : 0);
        }
        expect(ledger.statuses).not.toContain('open');
      }),
      runs({ share: 0.3 }),
    );
  });
});

describe('the step dedupe', () => {
  it('does what each of its options says', () => {
    const options = { key: 'payload.k', for: '100ms', max: 1, 'max-waiting': 1 };
    const { send, wait, left, passed, ledger } = startStep(dedupeStep, options);
    send({ k: 'a', n: 1 }, { k: 'a', n: 2 });
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] dedupe']);
    passed[0]?.ack();
    wait(99);
    send({ k: 'a', n: 3 }, { k: 'b' });
    passed[1]?.ack();
    send({ k: 'a', n: 4 });
    wait(100);
    send({ k: 'b' });
    expect(left).toEqual(['{"k":"a","n":1}@0', '{"k":"b"}@99', '{"k":"a","n":4}@99', '{"k":"b"}@199']);
  });

  it('keeps the order of each key', () => {
    expect(dedupeStep.order?.({})).toBe('key');
  });

  it('takes nothing, an expression or a map', () => {
    expect(parsed(dedupeStep, 'payload.id')).toHaveProperty('key');
    expect(parsed(dedupeStep, {})).toEqual({ for: 600_000, max: 100_000, 'max-waiting': 1_024 });
    expect(parsed(dedupeStep, { key: 'payload.id', for: '1h' })).toMatchObject({ for: 3_600_000 });
    expect(parsed(dedupeStep, { for: 10 })).toBe('expected a duration such as 250ms, found 10');
  });
});
