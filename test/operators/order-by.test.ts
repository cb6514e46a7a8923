import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { orderBy, orderByStep } from '../../operators/order-by.ts';
import type { Message, Status } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('order-by', {
  passing: () => orderBy(),
  message: (ledger, payload) => ledger.claimed(payload),
});

for (const law of operatorLaws('order-by', {
  create: () =>
    orderBy({
      max: 3,
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

const byFirst = { key: ({ payload }: { payload: unknown }): unknown => (payload as string)[0] };

describe('order-by', () => {
  it.each<Status>(['ack', 'nack', 'reject'])(
    'lets the next of a key on when the one before is settled: %s',
    (status) => {
      const { send, left, passed, ledger } = timed(() => orderBy(byFirst));
      send('a1', 'a2', 'b1', 'a3');
      expect(left).toEqual(['a1@0', 'b1@0']);
      passed[0]?.settle(status);
      expect(left).toEqual(['a1@0', 'b1@0', 'a2@0']);
      expect(ledger.statuses).toEqual([status, 'open', 'open', 'open']);
    },
  );

  it('waits until all that came of a message is settled', () => {
    const { send, left, passed } = timed(() => orderBy(byFirst));
    send('a1', 'a2');
    passed[0]?.retain();
    passed[0]?.ack();
    expect(left).toEqual(['a1@0']);
    passed[0]?.ack();
    expect(left).toEqual(['a1@0', 'a2@0']);
  });

  it('lets what has no key pass', () => {
    const { send, left } = timed(() => orderBy({ key: ({ payload }) => (payload === 1 ? undefined : null) }));
    send(1, 1, 2, 2);
    expect(left).toEqual(['1@0', '1@0', '2@0', '2@0']);
  });

  it('holds its source while as many wait as may, until half of them have gone', () => {
    const { send, passed, ledger } = timed(() =>
      orderBy({ ...byFirst, max: 2, name: 'orders.via[0] order-by' }),
    );
    send('a1', 'a2', 'a3');
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] order-by']);
    passed[0]?.ack();
    expect(ledger.holders.size).toBe(0);
  });

  it('waits for 1,024 unless told otherwise', () => {
    const { sendWith, ledger } = timed(() => orderBy());
    sendWith({ key: 'k' }, ...new Array(1_024).fill(0));
    expect(ledger.holders.size).toBe(0);
    sendWith({ key: 'k' }, 0);
    expect(ledger.holders.size).toBe(1);
  });

  it('does not go deeper into the stack with a long line that is settled at once', () => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const passed: Message[] = [];
    source.pipe(orderBy({ max: 20_000 })).subscribe((message) => {
      passed.push(message);
      if (passed.length > 1) message.ack();
    });
    for (let place = 0; place < 20_000; place += 1) source.next(ledger.claimed(place, { key: 'k' }));
    passed[0]?.ack();
    expect(passed).toHaveLength(20_000);
  });

  it('completes when the last of those that wait has left', () => {
    const run = timed(() => orderBy(byFirst));
    run.send('a1', 'a2');
    run.complete();
    expect(run.hasCompleted).toBe(false);
    run.passed[0]?.ack();
    expect(run.hasCompleted).toBe(true);
  });

  it('does not complete while others wait', () => {
    const run = timed(() => orderBy(byFirst));
    run.send('a1', 'a2', 'a3');
    run.complete();
    run.passed[0]?.ack();
    expect(run.hasCompleted).toBe(false);
    run.passed[1]?.ack();
    expect(run.left).toEqual(['a1@0', 'a2@0', 'a3@0']);
    expect(run.hasCompleted).toBe(true);
  });

  it('holds its source on while more than half wait', () => {
    const { send, passed, ledger } = timed(() => orderBy({ ...byFirst, max: 4 }));
    send('a1', 'a2', 'a3', 'a4', 'a5');
    passed[0]?.ack();
    expect(ledger.holders.size).toBe(1);
    passed[1]?.ack();
    expect(ledger.holders.size).toBe(0);
  });

  it('holds its source each time anew', () => {
    const { send, passed, ledger } = timed(() => orderBy({ ...byFirst, max: 1 }));
    send('a1', 'a2');
    passed[0]?.ack();
    expect(ledger.holders.size).toBe(0);
    send('a3');
    expect(ledger.holders.size).toBe(1);
  });

  it('gives back what waits, and lets its source go, when it is left', () => {
    const { send, leave, ledger } = timed(() => orderBy({ ...byFirst, max: 1 }));
    send('a1', 'a2');
    leave();
    expect(ledger.statuses).toEqual(['open', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended']);
    expect(ledger.holders.size).toBe(0);
  });

  it('gives back what came within the emission at which it is left', () => {
    const source = new Subject<Message>();
    const ledger = createLedger();
    const subscription = source.pipe(orderBy(byFirst)).subscribe(() => {
      source.next(ledger.claimed('b1'));
      subscription.unsubscribe();
    });
    source.next(ledger.claimed('a1'));
    expect(ledger.statuses).toEqual(['open', 'nack']);
  });

  it('takes what nobody has claimed, and gives each an owner', () => {
    const source = new Subject<Message>();
    const ledger = createLedger();
    const passed: Message[] = [];
    source.pipe(orderBy(byFirst)).subscribe((message) => passed.push(message));
    for (const payload of ['a1', 'a2']) {
      const root = ledger.root(payload);
      source.next(root);
      root.emitted();
    }
    expect(passed.map(({ payload }) => payload)).toEqual(['a1']);
    expect(passed[0]?.isClaimed).toBe(true);
    passed[0]?.nack();
    expect(passed.map(({ payload }) => payload)).toEqual(['a1', 'a2']);
  });

  it('never has two of a key downstream, and keeps the order of each, whatever follows does', () => {
    const deed = fc.oneof(
      fc.constantFrom('a', 'b', 'c'),
      fc.record({ which: fc.nat(3), status: fc.constantFrom<Status>('ack', 'nack', 'reject') }),
    );
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const { sendWith, passed } = timed(() => orderBy());
        const sent: Record<string, number> = {};
        const open = new Set<number>();
        const seen: Record<string, number> = {};
        let looked = 0;
        const look = (): void => {
          for (; looked < passed.length; looked += 1) {
            const { meta, payload } = passed[looked] as (typeof passed)[number];
            const key = meta.key as string;
            for (const place of open) expect(passed[place]?.meta.key).not.toBe(key);
            expect(payload).toBe((seen[key] = (seen[key] ?? 0) + 1));
            open.add(looked);
          }
        };
        for (const each of deeds) {
          if (typeof each === 'string') {
            sendWith({ key: each }, (sent[each] = (sent[each] ?? 0) + 1));
          } else {
            const place = [...open][each.which % Math.max(1, open.size)];
            if (place === undefined) continue;
            open.delete(place);
            passed[place]?.settle(each.status);
          }
          look();
        }
        for (let [place] = open; place !== undefined; [place] = open) {
          open.delete(place);
          passed[place]?.ack();
          look();
        }
        expect(seen).toEqual(sent);
      }),
      runs({ share: 0.3 }),
    );
  });
});

describe('the step order-by', () => {
  it('does what each of its options says', () => {
    const { send, left, ledger } = startStep(orderByStep, { key: 'payload[0]', max: 1 });
    send(['a', 1], ['b', 1], ['a', 2]);
    expect(left).toEqual(['["a",1]@0', '["b",1]@0']);
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders.via[0] order-by']);
  });

  it('keeps the order of each key', () => {
    expect(orderByStep.order?.({})).toBe('key');
  });

  it('takes nothing, an expression or a map', () => {
    expect(parsed(orderByStep, 'payload.account')).toHaveProperty('key');
    expect(parsed(orderByStep, {})).toEqual({ max: 1_024 });
    expect(parsed(orderByStep, { key: 'meta.key', max: 8 })).toMatchObject({ max: 8 });
    expect(parsed(orderByStep, { max: 0 })).toMatch(/too small/i);
  });
});
