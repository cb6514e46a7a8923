// What every operator does, whatever it is for: the list of cases that RxJS walks through for its own operators,
// and the one law of ours, that each message is settled or forwarded exactly once.

import fc from 'fast-check';
import { map as mapTo, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { Message, Status } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { runs } from '../runs.ts';
import { createLedger, type Ledger } from './ledger.ts';

export interface OperatorCase {
  /** The operator with options under which every message passes, its payload equal to what came in. */
  readonly passing: () => MessageOperator;
  /** A message that `passing` lets pass. */
  readonly message: (ledger: Ledger, payload: string) => Message;
  /** What leaves for such a message; its payload unless given. */
  readonly seen?: (message: Message) => unknown;
}

/** Registers the cases. */
export function walkCases(
  name: string,
  { passing, message, seen = ({ payload }) => payload }: OperatorCase,
): void {
  describe(`${name} as any operator`, () => {
    it.each([
      ['never ends if its source never does', '-', '-', '^'],
      ['completes with an empty source', '|', '|', '(^!)'],
      ['passes one message', '--a--|', '--a--|', '^----!'],
      ['passes many messages in order', '-a-b-(ca)-|', '-a-b-(ca)-|', '^---------!'],
      ['passes what is there at once', '(abc|)', '(abc|)', '(^!)'],
      ['passes an error on at once', '-a-#', '-a-#', '^--!'],
      ['passes an error alone', '#', '#', '(^!)'],
      ['goes on as long as its source', '-a-b-c-a-', '-a-b-c-a-', '^'],
    ])('%s', (_fact, marbles, expected, subscription) => {
      const ledger = createLedger();
      new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run((helpers) => {
        const source = helpers.cold(marbles);
        const result = source.pipe(
          mapTo((payload) => message(ledger, payload)),
          passing(),
          mapTo(settleAndShow),
        );
        helpers.expectObservable(result).toBe(expected);
        helpers.expectSubscriptions(source.subscriptions).toBe(subscription);
      });
    });

    it('leaves its source at once when it is left', () => {
      const ledger = createLedger();
      new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run((helpers) => {
        const source = helpers.hot('-a-b-c-|');
        const result = source.pipe(
          mapTo((payload) => message(ledger, payload)),
          passing(),
          mapTo(settleAndShow),
        );
        helpers.expectObservable(result, '^---!').toBe('-a-b');
        helpers.expectSubscriptions(source.subscriptions).toBe('^---!');
      });
    });

    it('is a stream of its own for every subscriber', () => {
      const ledger = createLedger();
      const source = new Subject<Message>();
      const result = source.pipe(passing());
      const [one, other]: unknown[][] = [[], []];
      const first = result.subscribe((passed) => one?.push(settleAndShow(passed)));
      source.next(message(ledger, 'a'));
      first.unsubscribe();
      result.subscribe((passed) => other?.push(settleAndShow(passed)));
      source.next(message(ledger, 'b'));
      expect([one, other]).toEqual([['a'], ['b']]);
      expect(source.observed).toBe(true);
    });

    it('passes on how each message is settled, once', () => {
      const status = fc.constantFrom<Status>('ack', 'nack', 'reject');
      fc.assert(
        fc.property(fc.array(status, { maxLength: 40 }), (statuses) => {
          const ledger = createLedger();
          const source = new Subject<Message>();
          const passed: Message[] = [];
          source.pipe(passing()).subscribe((each) => passed.push(each));
          // Some are settled when they come, some when others have come.
          for (const [place, status] of statuses.entries()) {
            source.next(message(ledger, 'a'));
            if (place % 3 === 0) passed[place]?.settle(status);
          }
          for (const [place, status] of statuses.entries())
            if (place % 3 !== 0) passed[place]?.settle(status);
          expect(ledger.statuses).toEqual(statuses);
        }),
        runs({ share: 0.2 }),
      );
    });
  });

  function settleAndShow(passed: Message): unknown {
    passed.ack();
    return seen(passed);
  }
}
