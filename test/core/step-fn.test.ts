import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import { fnStep } from '../../src/core/step-fn.ts';
import { createLedger } from '../operators/ledger.ts';

function running(run: (message: Message) => unknown) {
  const ledger = createLedger();
  const source = new Subject<Message>();
  const out: Message[] = [];
  const ends: unknown[] = [];
  source.pipe(fnStep('step', run)).subscribe({
    next: (message) => out.push(message),
    error: (error) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  const give = (...payloads: unknown[]): void => {
    for (const payload of payloads) source.next(ledger.claimed(payload));
  };
  return { ledger, source, out, ends, give, payloads: () => out.map(({ payload }) => payload) };
}

describe('fn step', () => {
  it('passes on what the function returns, on the same obligation', () => {
    const { ledger, out, give, payloads } = running(({ payload }) => (payload as number) + 1);
    give(1);
    expect(payloads()).toEqual([2]);
    out[0]?.ack();
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('discards for null and for an empty list, each by its reason', () => {
    const { ledger, out, give } = running(({ payload }) => (payload === 'null' ? null : []));
    give('null', 'none');
    expect(out).toEqual([]);
    expect(ledger.discarded).toEqual(['filtered', 'empty']);
    expect(ledger.statuses).toEqual(['ack', 'ack']);
  });

  it('makes of a list as many messages, with ids of their own, which settle together', () => {
    const { ledger, out, give } = running(() => ['a', 'b', 'c']);
    give('x');
    expect(out.map(({ payload, id }) => [payload, id])).toEqual([
      ['a', 'ledger-0/0'],
      ['b', 'ledger-0/1'],
      ['c', 'ledger-0/2'],
    ]);
    out[0]?.ack();
    out[1]?.nack();
    expect(ledger.statuses).toEqual(['open']);
    out[2]?.ack();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('costs a message alone what the function throws, whatever that is, and an undefined', () => {
    const { ledger, ends, give, payloads } = running(({ payload }) => {
      if (payload === 'error') throw new Error('no');
      // oxlint-disable-next-line no-throw-literal, only-throw-error -- users' code may throw anything
      if (payload === 'text') throw 'no';
      if (payload === 'coded') throw new AraldoError('expression-failed', 'no');
      return payload === 'undefined' ? undefined : payload;
    });
    give('error', 'a', 'text', 'b', 'coded', 'undefined', 'c');
    expect(payloads()).toEqual(['a', 'b', 'c']);
    expect(ledger.failed.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'step-failed: step step: no',
      'step-failed: step step: no',
      'expression-failed: step step: no',
      'step-failed: step step: expected a payload, null or a list, found undefined (a forgotten return?)',
    ]);
    expect(ends).toEqual([]);
  });

  it('takes a message for a message', () => {
    const { out, give } = running((message) => message.with('y', { ...message.meta, key: 'k' }));
    give('x');
    expect(out.map(({ payload, meta }) => [payload, meta.key])).toEqual([['y', 'k']]);
  });

  it('ends with its source', () => {
    const { source, ends } = running(({ payload }) => payload);
    source.complete();
    expect(ends).toEqual(['complete']);
  });
});
