import { of, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { map, mapStep } from '../../operators/map.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import { stepOf } from '../../src/core/operator.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';

walkCases('map', {
  passing: () => map((message) => message.payload),
  message: (ledger, payload) => ledger.claimed(payload),
});

describe('map', () => {
  function mapped(message: Message, project: (message: Message) => unknown): Message | undefined {
    const seen: Message[] = [];
    of(message)
      .pipe(map(project, { name: 'map' }))
      .subscribe((each) => seen.push(each));
    return seen[0];
  }

  it.each([[[1, 2]], [[]], [null], [0], [''], [{ a: 1 }]])('makes %j one payload', (payload) => {
    expect(mapped(createLedger().claimed('x'), () => payload)?.payload).toEqual(payload);
  });

  it('keeps meta, and drops the bytes, for the payload may have been changed in place', () => {
    const message = createLedger().claimedBytes('text', { key: 'k' });
    const result = mapped(message, ({ payload }) => payload);
    expect(result?.meta).toBe(message.meta);
    expect(result?.payload).toBe('text');
    expect(result?.wire).toBeUndefined();
  });

  it('takes a message for a change of meta', () => {
    const result = mapped(createLedger().claimed(1), (message) => message.with(2, { key: 'k' }));
    expect([result?.payload, result?.meta]).toEqual([2, { key: 'k' }]);
  });

  it.each([
    ['throws', () => expect.fail('thrown'), 'step map: thrown'],
    [
      'gives undefined',
      () => undefined,
      'step map: expected a payload, found undefined (a forgotten return?)',
    ],
    [
      'gives a promise',
      () => Promise.resolve(1),
      'step map: expected a payload, found a promise: use an async step',
    ],
  ])('fails the message for which it %s, and no other', (_what, project, reason) => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const seen: unknown[] = [];
    source
      .pipe(map((message) => (message.payload === 2 ? project() : message.payload)))
      .subscribe((message) => {
        seen.push(message.payload);
        message.ack();
      });
    for (const payload of [1, 2, 3]) source.next(ledger.claimed(payload));
    expect(seen).toEqual([1, 3]);
    expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([['step-failed', reason]]);
    expect(ledger.statuses).toEqual(['ack', 'reject', 'ack']);
  });
});

describe('the step map', () => {
  it('takes a CEL value', () => {
    const ledger = createLedger();
    const parsed = mapStep.options['~standard'].validate('{"total": payload.qty * payload.price}');
    const context = { name: 'orders.via[0] map', scheduler: new VirtualTimeScheduler(), log: silentLog };
    const seen: unknown[] = [];
    of(ledger.claimed({ qty: 2, price: 2.5 }), ledger.claimed({ qty: 2 }))
      .pipe(stepOf(mapStep, (parsed as { value: unknown }).value, context))
      .subscribe((message) => seen.push(message.payload));
    expect(seen).toEqual([{ total: 5 }]);
    expect(ledger.failed[0]?.message).toContain('step orders.via[0] map: ');
    expect(ledger.failed[0]?.message).toContain('no such key: price');
  });

  it('refuses what is no expression', () => {
    expect(mapStep.options['~standard'].validate('payload..x')).toHaveProperty('issues');
  });
});
