import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { dedupe, dedupeStep } from '../../operators/dedupe.ts';
import type { Message, Status } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { parsed, timed } from './timed.ts';

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
  test(law.name, () => law.check(runs({ share: 0.1 })));
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

  it('holds its source while as many duplicates wait as may', () => {
    const { send, passed, ledger } = start({ maxWaiting: 2, name: 'orders.via[0] dedupe' });
    send('a', 'a', 'a');
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] dedupe']);
    passed[0]?.ack();
    expect(ledger.holders.size).toBe(0);
  });

  it('lets what has no key pass', () => {
    const { send, left } = start();
    send(null, null);
    expect(left).toEqual(['null@0', 'null@0']);
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
  it('takes nothing, an expression or a map', () => {
    expect(parsed(dedupeStep, 'payload.id')).toHaveProperty('key');
    expect(parsed(dedupeStep, {})).toEqual({ for: 600_000, max: 100_000, 'max-waiting': 1_024 });
    expect(parsed(dedupeStep, { key: 'payload.id', for: '1h' })).toMatchObject({ for: 3_600_000 });
    expect(parsed(dedupeStep, { for: 10 })).toBe('expected a duration such as 250ms, found 10');
  });
});
