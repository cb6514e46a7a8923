// The laws hold for the operators that have no test of their own for them, and each breaks for an operator that breaks it.

import { catchError, debounceTime, EMPTY, map as mapTo, Observable, startWith } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { buffer } from '../../operators/buffer.ts';
import { filter } from '../../operators/filter.ts';
import { map } from '../../operators/map.ts';
import { marshal } from '../../operators/marshal.ts';
import { unmarshal } from '../../operators/unmarshal.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import { follow } from '../../src/core/follow.ts';
import { HeldSources } from '../../src/core/held-sources.ts';
import { Message } from '../../src/core/message.ts';
import { stage } from '../../src/core/stage.ts';
import { failStep } from '../../src/core/step-fn.ts';
import { type OperatorUnderLaws, operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });

function throwsAt<T>(answer: T): (message: Message) => T {
  return ({ payload }) => {
    if (payload === 'poison') throw new Error('poison');
    return answer;
  };
}

const operators: Readonly<Record<string, OperatorUnderLaws>> = {
  filter: {
    create: () => filter(({ meta }) => meta.key !== 'b'),
    poison: { payload: 'poison', create: () => filter(throwsAt(true)) },
  },
  map: {
    create: () => map(({ payload, meta }) => [payload, meta.key]),
    poison: { payload: 'poison', create: () => map(throwsAt('made')) },
  },
  buffer: {
    create: (scheduler) => buffer({ inFlight: 2, capacity: { messages: 3 }, scheduler }),
    holds: 3,
    hasOwnBooks: true,
  },
  marshal: { create: () => marshal(json), poison: { payload: 10n } },
  unmarshal: { create: () => unmarshal(json), carries: 'text', poison: { payload: '{' } },
};

for (const [name, operator] of Object.entries(operators)) {
  for (const law of operatorLaws(name, operator))
    test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

/** One message at a time, with a mistake at its seams. */
function oneAtATime({ holds = true, releases = true, givesBack = true, newestFirst = false } = {}) {
  return (source: Observable<Message>): Observable<Message> =>
    new Observable((subscriber) => {
      const sources = new HeldSources('one at a time');
      const waiting: Message[] = [];
      let isBusy = false;
      let hasCompleted = false;
      const advance = (): void => {
        const next = isBusy ? undefined : newestFirst ? waiting.pop() : waiting.shift();
        if (releases && waiting.length === 0) sources.release();
        if (next !== undefined) {
          isBusy = true;
          follow(next, settled, (fork) => subscriber.next(fork));
        } else if (hasCompleted && waiting.length === 0) subscriber.complete();
      };
      const settled = (message: Message, status: 'ack' | 'nack' | 'reject'): void => {
        message.settle(status);
        isBusy = false;
        if (!subscriber.closed) advance();
      };
      subscriber.add(
        source.subscribe({
          next(message) {
            waiting.push(message);
            if (holds && isBusy && waiting.length >= 2) sources.hold(message);
            advance();
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            advance();
          },
        }),
      );
      subscriber.add(() => {
        if (givesBack) for (const message of waiting) message.giveBack('step-ended');
        sources.release();
      });
    });
}

describe('the law that an operator', () => {
  test('of one message at a time keeps when nothing is wrong with it', async () => {
    const laws = operatorLaws('right', { create: () => oneAtATime(), holds: 2 });
    for (const law of laws) await law.check({ numRuns: 100, seed: 1 });
  });

  let count = 0;
  const broken: Readonly<Record<string, readonly [fact: string, operator: OperatorUnderLaws, said: string]>> =
    {
      'drops without settling': [
        'settles all that came',
        { create: (scheduler) => debounceTime(10, scheduler), holds: 1 },
        'was never settled',
      ],
      'forwards what it has settled': [
        'settles all that came',
        {
          create: () =>
            stage((target) => (message) => {
              message.route?.made(1);
              target.next(message);
              message.discard('once too often');
            }),
        },
        'more often than it had obligations',
      ],
      'settles without a reason': [
        'settles all that came',
        {
          create: () =>
            stage((target) => (message) => (message.meta.key === 'b' ? message.ack() : target.next(message))),
        },
        'nobody gave it a status',
      ],
      'makes messages that nobody counts': [
        'settles all that came',
        {
          create: () =>
            stage((target) => (message) => {
              message.retain();
              target.next(message);
              target.next(message);
            }),
        },
        'more messages left the operator than came or were made',
      ],
      'acks what failed behind it': [
        'settles all that came',
        {
          create: () =>
            stage(
              (target) => (message) =>
                follow(
                  message,
                  (message) => message.ack(),
                  (fork) => target.next(fork),
                ),
            ),
        },
        'the worst that came of it is',
      ],
      'keeps what it has when it is left': [
        'gives back all that it has when it is left',
        { create: () => oneAtATime({ givesBack: false }), holds: 2 },
        'was never settled',
      ],
      'leaves a timer behind': [
        'gives back all that it has when it is left',
        {
          create: (scheduler) =>
            stage((target) => {
              const again = (): void => void scheduler.schedule(again, 1_000_000_000);
              again();
              return (message) => target.next(message);
            }),
        },
        'timers are left behind',
      ],
      'goes on with a list that nobody receives any more': [
        'gives back all that it has when it is left within an emission',
        {
          create: () =>
            stage((target) => (message) => {
              message.retain();
              message.route?.made(1);
              target.next(message);
              target.next(message);
            }),
        },
        'was never settled',
      ],
      'swallows errors': [
        'passes an error of its source on',
        { create: () => catchError(() => EMPTY) },
        'the error of its source did not come out',
      ],
      'does not complete': [
        'settles all that came',
        {
          create: () => (source) =>
            new Observable((subscriber) => source.subscribe((message) => subscriber.next(message))),
        },
        'its source completed, and it did not',
      ],
      'begins with a message of its own': [
        'makes nothing of nothing',
        { create: () => startWith(Message.of('hello')), hasOwnBooks: true },
        'it made a message of nothing',
      ],
      'spoils what is under way when it is re-entered': [
        'may be re-entered',
        {
          create: () => {
            let current: Message | undefined;
            return stage((target) => (message) => {
              current = message;
              current.retain();
              current.route?.made(1);
              target.next(current);
              target.next(current);
            });
          },
        },
        'settled',
      ],
      'keeps its state from one subscriber to the next': [
        'begins anew',
        {
          create: () => {
            let place = 0;
            return map(() => (place += 1));
          },
        },
        'changed what the second sees',
      ],
      'has no bound': [
        'keeps at most 2 inside',
        { create: () => oneAtATime({ holds: false }), holds: 2 },
        'messages were inside, and at most 2 may be',
      ],
      'never lets its source go': [
        'keeps at most 2 inside',
        { create: () => oneAtATime({ releases: false }), holds: 2 },
        'its source is still held',
      ],
      overtakes: [
        'keeps the order of all',
        { create: () => oneAtATime({ newestFirst: true }), holds: 2 },
        'which came later',
      ],
      'ends at a throw': [
        'costs a bad message alone',
        {
          create: () => mapTo((message: Message) => message.with(throwsAt('made')(message))),
          poison: { payload: 'poison' },
        },
        'settled',
      ],
      'counts what it fails': [
        'costs a bad message alone',
        {
          create: () =>
            stage((target) => {
              let place = 0;
              return (message) => {
                place += 1;
                if (message.payload === 'poison') failStep('counts', message, new Error('poison'));
                else target.next(message.with(place));
              };
            }),
          poison: { payload: 'poison' },
        },
        'a bad message changed what became of others',
      ],
      'lets what should fail pass': [
        'costs a bad message alone',
        { create: () => map(() => (count += 1)), poison: { payload: 'poison' } },
        'bad messages came, and 0 failed',
      ],
      spins: [
        'settles all that came',
        {
          create: (scheduler) =>
            stage((target) => (message) => {
              const again = (): void => void scheduler.schedule(again, 0);
              again();
              target.next(message);
            }),
        },
        'schedules itself without end',
      ],
    };

  test.each(Object.entries(broken))('%s breaks', async (_mistake, [fact, operator, said]) => {
    const law = operatorLaws('broken', operator).find(({ name }) => name.startsWith(`broken ${fact}`));
    await expect(law?.check({ numRuns: 300, seed: 1 })).rejects.toThrow(said);
  });

  test('says what happened, as a timeline that ends with the least that shows it', async () => {
    const [law] = operatorLaws('debounce', { create: (scheduler) => debounceTime(10, scheduler), holds: 1 });
    await expect(law?.check({ numRuns: 300, seed: 1 })).rejects.toThrow(
      /0 ms {2}source {5}emits 0 of a: .*\n +0 ms {2}source {5}emits 1 of a: .*\n +0 ms {2}rest/,
    );
  });
});
