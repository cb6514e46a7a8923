import fc from 'fast-check';
import { from, of, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { filter, filterStep } from '../../operators/filter.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import { stepOf } from '../../src/core/operator.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';

walkCases('filter', {
  passing: () => filter(() => true),
  message: (ledger, payload) => ledger.claimed(payload),
});

describe('filter', () => {
  it('discards what its predicate is false of, and acks it', () => {
    const ledger = createLedger();
    const kept: unknown[] = [];
    from([1, 2, 3, 4].map((payload) => ledger.claimed(payload)))
      .pipe(filter((message) => (message.payload as number) % 2 === 0))
      .subscribe((message) => kept.push(message.payload));
    expect(kept).toEqual([2, 4]);
    expect(ledger.discarded).toEqual(['filtered', 'filtered']);
    expect(ledger.statuses).toEqual(['ack', 'open', 'ack', 'open']);
  });

  it('passes the very message, with its bytes', () => {
    const ledger = createLedger();
    const message = ledger.claimedBytes('{"a":1}');
    const passed: Message[] = [];
    of(message)
      .pipe(filter(() => true))
      .subscribe((each) => passed.push(each));
    expect(passed).toEqual([message]);
    expect(passed[0]?.wire).toBe(message.wire);
  });

  it('fails the message at which its predicate throws, and no other', () => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const kept: unknown[] = [];
    source
      .pipe(
        filter(
          ({ payload }) => {
            if (payload === 2) throw new Error('two');
            return true;
          },
          { name: 'orders.via[0] filter' },
        ),
      )
      .subscribe((message) => kept.push(message.payload));
    for (const payload of [1, 2, 3]) source.next(ledger.claimed(payload));
    expect(kept).toEqual([1, 3]);
    expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([
      ['step-failed', 'step orders.via[0] filter: two'],
    ]);
    expect(ledger.statuses).toEqual(['open', 'reject', 'open']);
  });

  it.each([[Promise.resolve(false)], [undefined], [1], ['yes']])(
    'fails what is neither true nor false: %j',
    (answer) => {
      const ledger = createLedger();
      of(ledger.claimed(1))
        .pipe(filter(() => answer as unknown as boolean))
        .subscribe(() => expect.unreachable());
      expect(ledger.failed[0]).toMatchObject({
        code: 'step-failed',
        message: expect.stringMatching(/^step filter: expected true or false, found /),
      });
    },
  );

  it('settles or forwards each message exactly once, whatever the predicate does', () => {
    const deed = fc.constantFrom('keep', 'drop', 'throw');
    fc.assert(
      fc.property(fc.array(deed), (deeds) => {
        const ledger = createLedger();
        const source = new Subject<Message>();
        source
          .pipe(
            filter(({ payload }) => {
              if (payload === 'throw') throw new Error('thrown');
              return payload === 'keep';
            }),
          )
          .subscribe((message) => message.nack());
        for (const each of deeds) source.next(ledger.claimed(each));
        const expected = { keep: 'nack', drop: 'ack', throw: 'reject' } as const;
        expect(ledger.statuses).toEqual(deeds.map((each) => expected[each]));
      }),
      runs(),
    );
  });
});

describe('the step filter', () => {
  it('takes a CEL condition', () => {
    const ledger = createLedger();
    const parsed = filterStep.options['~standard'].validate('has(payload.id) && payload.qty > 0');
    const predicate = (parsed as { value: unknown }).value;
    const context = { name: 'orders.via[0] filter', scheduler: new VirtualTimeScheduler(), log: silentLog };
    const kept: unknown[] = [];
    of(ledger.claimed({ id: 1, qty: 1 }), ledger.claimed({ qty: 1 }), ledger.claimed({ id: 1, qty: 'x' }))
      .pipe(stepOf(filterStep, predicate, context))
      .subscribe((message) => kept.push(message.payload));
    expect(kept).toEqual([{ id: 1, qty: 1 }]);
    expect(ledger.discarded).toEqual(['filtered']);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['expression-failed']);
    expect(ledger.failed[0]?.message).toMatch(/^step orders\.via\[0\] filter: /);
  });

  it.each([
    ['payload.qty >', 'unexpected token: EOF at column 14 of payload.qty >'],
    [7, 'expected an expression in CEL, found 7'],
    ['payload.qty + 1 > 0 ? "a" : "b"', 'expected a condition, found an expression that gives string'],
  ])('refuses %j with the reason', (option, reason) => {
    const { issues } = filterStep.options['~standard'].validate(option) as { issues: { message: string }[] };
    expect(issues[0]?.message).toContain(reason);
  });
});
