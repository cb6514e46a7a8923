import {
  delay,
  endWith,
  filter,
  ignoreElements,
  map,
  mergeMap,
  Observable,
  of,
  Subject,
  take,
  throwError,
  VirtualTimeScheduler,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Message, type RoutePort } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { rxStep, type StepInside } from '../../src/core/step-rx.ts';
import { createLedger } from '../operators/ledger.ts';
import { pass } from '../virtual-time.ts';

function running(operator: MessageOperator, isOpaque = false, watch?: (fence: StepInside) => void) {
  const ledger = createLedger();
  const source = new Subject<Message>();
  const out: Message[] = [];
  const ends: string[] = [];
  const subscription = source.pipe(rxStep('step', operator, { isOpaque, watch })).subscribe({
    next: (message) => out.push(message),
    error: (error) => ends.push(String(error)),
    complete: () => ends.push('complete'),
  });
  const give = (...payloads: unknown[]): void => {
    for (const payload of payloads) source.next(ledger.claimed(payload));
  };
  const failures = (): string[] => ledger.failed.map(({ code, message }) => `${code}: ${message}`);
  return {
    ledger,
    source,
    out,
    ends,
    subscription,
    give,
    failures,
    payloads: () => out.map(({ payload }) => payload),
  };
}

/** Joins every `size` messages; errors at one whose payload is `bad`. */
function batches(size: number): MessageOperator {
  return (source) =>
    new Observable((subscriber) => {
      const parts: Message[] = [];
      return source.subscribe({
        next(message) {
          parts.push(message);
          if (message.payload === 'bad') subscriber.error(new Error('bad'));
          else if (parts.length === size) {
            const joined = parts.splice(0);
            subscriber.next(Message.join(joined, joined.map(({ payload }) => payload).join('+')));
          }
        },
        complete: () => subscriber.complete(),
      });
    });
}

describe('rx step', () => {
  it('passes obligations through any operator that keeps them', () => {
    const { ledger, out, give, payloads } = running(
      map((message: Message) => message.with(`${message.payload as string}!`)),
    );
    give('a', 'b');
    expect(payloads()).toEqual(['a!', 'b!']);
    out[1]?.nack();
    out[0]?.ack();
    expect(ledger.statuses).toEqual(['ack', 'nack']);
  });

  it('costs an error of the operator the messages that it holds, and starts anew with the next', () => {
    const scheduler = new VirtualTimeScheduler();
    const { ledger, give, failures, payloads } = running((source) =>
      source.pipe(
        mergeMap((message) => of(message).pipe(delay(message.payload === 'bad' ? 0 : 5, scheduler))),
        map((message) => {
          if (message.payload === 'bad') throw new Error('bad');
          return message;
        }),
      ),
    );
    give('a');
    pass(scheduler, 5);
    give('b', 'bad');
    pass(scheduler, 5);
    expect(failures()).toEqual(['step-failed: step step: bad', 'step-failed: step step: bad']);
    give('c');
    pass(scheduler, 5);
    expect(payloads()).toEqual(['a', 'c']);
    expect(ledger.statuses).toEqual(['open', 'reject', 'reject', 'open']);
  });

  it('costs a batch that is out nothing when its operator errors', () => {
    // The shrunk case of law 14: parts of a batch counted as held until the batch was settled.
    const { ledger, out, give } = running(batches(2));
    give('a', 'b', 'c', 'bad');
    expect(ledger.statuses).toEqual(['open', 'open', 'reject', 'reject']);
    out[0]?.ack();
    expect(ledger.statuses).toEqual(['ack', 'ack', 'reject', 'reject']);
  });

  it('costs a batch that is out nothing when its source completes', () => {
    const { ledger, source, out, ends, give, failures } = running(batches(2));
    give('a', 'b', 'c');
    source.complete();
    expect(failures()).toEqual([expect.stringContaining('step-ended')]);
    expect([ledger.statuses, ends]).toEqual([['open', 'open', 'reject'], ['complete']]);
    out[0]?.ack();
    expect(ledger.statuses).toEqual(['ack', 'ack', 'reject']);
  });

  it('fails once the message of which a part is still inside, and lets the part that is out settle by itself', () => {
    const late = new Subject<Message>();
    const { ledger, out, give } = running(
      (source) =>
        new Observable((subscriber) => {
          subscriber.add(late.subscribe(() => subscriber.error(new Error('late'))));
          return source.subscribe((message) => {
            message.retain();
            subscriber.next(message.with('first'));
          });
        }),
    );
    give('x');
    late.next(Message.of('now'));
    expect(ledger.statuses).toEqual(['open']);
    out[0]?.ack();
    expect(ledger.statuses).toEqual(['reject']);
    expect(ledger.failed).toHaveLength(1);
  });

  it('fails what comes after its operator has completed', () => {
    const { ledger, ends, give, failures } = running(take(1));
    give('a', 'b');
    expect(ledger.statuses).toEqual(['open', 'reject']);
    expect(failures()).toEqual([expect.stringMatching(/^step-ended: step step: .*its observable completed/)]);
    expect(ends).toEqual([]);
  });

  it.each([
    ['errors as it is subscribed', () => throwError(() => new Error('never'))],
    [
      'throws as it is made',
      () => {
        throw new Error('never');
      },
    ],
  ] as [string, MessageOperator][])('fails each message of an operator that %s', (_case, operator) => {
    const { ledger, ends, give, failures } = running(operator);
    give('a', 'b');
    expect(failures()).toEqual(['step-failed: step step: never', 'step-failed: step step: never']);
    expect([ledger.statuses, ends]).toEqual([['reject', 'reject'], []]);
  });

  it('holds from within the sources of what is inside, and of what comes while it is held', () => {
    const holder = { name: 'inner' };
    const inside: Message[] = [];
    const { source, ledger } = running(
      (input) => new Observable(() => input.subscribe((message) => inside.push(message))),
    );
    const other = createLedger();
    source.next(ledger.claimed('a'));
    const valve = inside[0]?.origin.valve;
    valve?.hold(holder);
    valve?.hold(holder);
    expect([ledger.holders.size, other.holders.size]).toEqual([1, 0]);
    source.next(other.claimed('b'));
    expect(other.holders.size).toBe(1);
    valve?.release(holder);
    expect([ledger.holders.size, other.holders.size]).toEqual([0, 0]);
  });

  it('completes with its source, though its operator has completed, or errored, before', () => {
    const completed = running(take(1));
    completed.give('a');
    completed.source.complete();
    expect(completed.ends).toEqual(['complete']);
    const broken = running(batches(2));
    broken.give('bad');
    expect(broken.ends).toEqual([]);
    broken.source.complete();
    expect(broken.ends).toEqual(['complete']);
  });

  it('completes when its operator errors after its source has completed', () => {
    const late = new Subject<Message>();
    const { source, ends } = running((input) =>
      input.pipe(
        ignoreElements(),
        endWith(late),
        mergeMap(() => late),
      ),
    );
    source.complete();
    expect(ends).toEqual([]);
    late.error(new Error('late'));
    expect(ends).toEqual(['complete']);
  });

  it('ignores how its operator settles what has failed with it', () => {
    const inside: Message[] = [];
    const { ledger, give } = running(
      (input) =>
        new Observable((subscriber) =>
          input.subscribe((message) => {
            inside.push(message);
            if (message.payload === 'bad') subscriber.error(new Error('bad'));
          }),
        ),
    );
    give('a', 'bad');
    for (const message of inside) message.ack();
    expect(ledger.statuses).toEqual(['reject', 'reject']);
  });

  it('tells its watch what its operator holds, the oldest first, but for what no route has claimed', () => {
    const fences: StepInside[] = [];
    const { ledger, source, give } = running(batches(3), false, (fence) => fences.push(fence));
    const [fence] = fences;
    source.next(ledger.root('unclaimed'));
    expect([fences.length, fence?.held, fence?.oldest]).toEqual([1, 0, undefined]);
    give('a');
    expect([fence?.held, fence?.oldest?.payload]).toEqual([1, 'a']);
    running(batches(3), true, () => expect.unreachable());
  });

  it('holds nothing any more of what comes after it was let go', () => {
    const inside: Message[] = [];
    const { source, ledger } = running(
      (input) => new Observable(() => input.subscribe((message) => inside.push(message))),
    );
    const holder = { name: 'inner' };
    source.next(ledger.claimed('a'));
    inside[0]?.origin.valve.hold(holder);
    inside[0]?.origin.valve.release(holder);
    source.next(ledger.claimed('b'));
    expect(ledger.holders.size).toBe(0);
  });

  it('lets legs behind it hold the source itself', () => {
    const { ledger, out, give } = running(map((message: Message) => message));
    give('a');
    expect(out[0]?.origin).toBe(ledger.origin);
  });

  it('gives back what it holds when its route ends', () => {
    const { ledger, subscription, give } = running(batches(9));
    give('a', 'b');
    subscription.unsubscribe();
    expect([ledger.statuses, ledger.discarded]).toEqual([
      ['nack', 'nack'],
      ['step-ended', 'step-ended'],
    ]);
  });

  it('leaves alone what no route has claimed', () => {
    const { ledger, source, payloads } = running(map((message: Message) => message));
    const root = ledger.root('a');
    source.next(root);
    root.emitted();
    expect([payloads(), ledger.statuses]).toEqual([['a'], ['ack']]);
  });
});

describe('opaque rx step', () => {
  it('acks what it takes, and what comes out settles nothing', () => {
    const { ledger, out, give, payloads } = running(
      filter((message: Message) => message.payload !== 'a'),
      true,
    );
    give('a', 'b');
    expect([ledger.statuses, payloads()]).toEqual([['ack', 'ack'], ['b']]);
    out[0]?.nack();
    expect(ledger.statuses).toEqual(['ack', 'ack']);
  });

  it('still lets legs behind it hold the source', () => {
    const { ledger, out, give } = running(
      map((message: Message) => message),
      true,
    );
    const holder = { name: 'leg' };
    give('a');
    out[0]?.origin.valve.hold(holder);
    expect([...ledger.holders]).toEqual([holder]);
    out[0]?.origin.valve.release(holder);
    expect(ledger.holders.size).toBe(0);
  });

  it('counts out what goes in and counts in what comes out, so that a route knows what is inside', () => {
    const made: number[] = [];
    const ledger = createLedger();
    const route: RoutePort = { ...ledger.route, made: (count) => made.push(count) };
    const source = new Subject<Message>();
    const twice = mergeMap((message: Message) => of(message, message));
    source.pipe(rxStep('step', twice, { isOpaque: true })).subscribe();
    source.next(ledger.root('a').claim(route));
    expect(made).toEqual([-1, 1, 1]);
  });
});
