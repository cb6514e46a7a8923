import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { claim } from '../../operators/claim.ts';
import type { Message } from '../../src/core/message.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';

walkCases('claim', {
  passing: () => claim(),
  message: (ledger, payload) => emittedWhenClaimed(ledger.root(payload)),
});

/** A root whose obligation of emitting ends when it is claimed, as with a source that has one subscriber. */
function emittedWhenClaimed(root: Message): Message {
  const claim = root.claim.bind(root);
  return Object.assign(root, {
    claim(...route: Parameters<Message['claim']>) {
      const claimed = claim(...route);
      root.emitted();
      return claimed;
    },
  });
}

describe('claim', () => {
  it('gives the route an obligation of its own', () => {
    const ledger = createLedger();
    const root = ledger.root('a');
    const seen: Message[] = [];
    of(root)
      .pipe(claim(ledger.route))
      .subscribe((message) => seen.push(message));
    expect(root.obligations).toBe(2);
    expect(seen[0]?.route).toBe(ledger.route);
    root.ack();
    root.emitted();
    expect(ledger.statuses).toEqual(['open']);
    seen[0]?.nack();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('fails what was delivered too often, before any step sees it', () => {
    const ledger = createLedger();
    const seen: unknown[] = [];
    for (const deliveries of [undefined, 1, 5, 6, 7]) {
      const root = ledger.root(deliveries, deliveries === undefined ? {} : { deliveries });
      of(root)
        .pipe(claim(ledger.route, { maxDeliveries: 5 }))
        .subscribe((message) => {
          seen.push(message.payload);
          message.ack();
        });
      root.emitted();
    }
    expect(seen).toEqual([undefined, 1, 5]);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['too-many-deliveries', 'too-many-deliveries']);
    expect(ledger.failed[0]?.message).toBe('delivered 6 times and never settled well; max-deliveries is 5');
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack', 'reject', 'reject']);
  });

  it('fails what is larger than max-payload, without its payload, and passes what is as large', () => {
    const ledger = createLedger();
    const failed: Message[] = [];
    const route = { ...ledger.route, failed: (message: Message) => void failed.push(message) };
    const seen: unknown[] = [];
    for (const text of ['1234', '12345']) {
      of(ledger.rootOfBytes(text))
        .pipe(claim(route, { maxPayload: 4 }))
        .subscribe(({ payload }) => seen.push(payload));
    }
    expect(seen).toEqual(['1234']);
    expect(failed.map(({ payload, wire }) => [payload, wire])).toEqual([['', undefined]]);
  });

  it('rejects in code without a route', () => {
    const ledger = createLedger();
    const root = ledger.root('a', { deliveries: 2 });
    of(root)
      .pipe(claim(undefined, { maxDeliveries: 1 }))
      .subscribe(() => expect.unreachable());
    root.emitted();
    expect(ledger.statuses).toEqual(['reject']);
  });
});
