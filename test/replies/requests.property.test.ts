import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import { createRequests } from '../../src/replies/requests.ts';
import { runs } from '../runs.ts';
import { pass } from '../virtual-time.ts';

const ignore = (): void => undefined;
const senderNamed = (name: string): Sender => ({
  name,
  waits: true,
  confirm: ignore,
  confirmThrough: ignore,
  fail: ignore,
  dismiss: ignore,
});
const leg = senderNamed('answers → ask');
const answerTo = (correlationId: string | undefined): Message =>
  Message.of('answer', correlationId === undefined ? {} : { correlationId });

interface Made {
  readonly requests: ReturnType<typeof createRequests<string>>;
  readonly scheduler: VirtualTimeScheduler;
  readonly timedOut: string[];
  readonly rooms: number[];
}

function make(max = 4, timeoutMs = 1_000): Made {
  const scheduler = new VirtualTimeScheduler();
  scheduler.maxFrames = 0;
  const timedOut: string[] = [];
  const rooms: number[] = [];
  const requests = createRequests<string>({
    scheduler,
    timeoutMs,
    max,
    onTimeout: ({ way }) => timedOut.push(`${way} at ${scheduler.frame}`),
    onRoom: () => rooms.push(scheduler.frame),
  });
  return { requests, scheduler, timedOut, rooms };
}

describe('requests', () => {
  it('gives an answer to the one who asked, with its own correlation id, once', () => {
    const { requests } = make();
    const first = requests.ask('anna', 'mine');
    const second = requests.ask('bert', undefined);
    expect(requests.take(answerTo(second), leg)).toMatchObject({ way: 'bert', correlationId: undefined });
    expect(requests.take(answerTo(first), leg)).toMatchObject({ way: 'anna', correlationId: 'mine' });
    expect(requests.take(answerTo(first), leg)).toBe('late');
    expect(requests.counts).toMatchObject({ asked: 2, answered: 2, waiting: 0 });
  });

  it('tells an answer that comes too late from one to a request that nobody made', () => {
    const { requests, scheduler } = make();
    const id = requests.ask('anna', undefined);
    pass(scheduler, 1_000);
    expect(requests.take(answerTo(id), leg)).toBe('late');
    expect(requests.take(answerTo('araldo-1-1'), leg)).toBe('no-request');
    expect(requests.take(answerTo(undefined), leg)).toBe('no-request');
    expect(make().requests.take(answerTo(id), leg)).toBe('no-request');
  });

  it('finds a request again for the same answer of the same leg, and for no other', () => {
    const { requests } = make();
    const answer = answerTo(requests.ask('anna', 'mine'));
    expect(requests.take(answer, leg)).toMatchObject({ way: 'anna' });
    expect(requests.take(answer.unpinned(), leg)).toMatchObject({ way: 'anna' });
    expect(requests.take(answer, senderNamed('another'))).toBe('late');
    expect(requests.take(answer.with('a part', { ...answer.meta, id: 'part/1' }), leg)).toBe('late');
    expect(requests.counts.answered).toBe(1);
  });

  it('times out to the millisecond, each once, the oldest first', () => {
    const { requests, scheduler, timedOut } = make();
    requests.ask('anna', undefined);
    pass(scheduler, 400);
    const answered = requests.ask('bert', undefined);
    pass(scheduler, 1);
    requests.ask('cleo', undefined);
    requests.take(answerTo(answered), leg);
    pass(scheduler, 598);
    expect(timedOut).toEqual([]);
    pass(scheduler, 10_000);
    expect(timedOut).toEqual(['anna at 1000', 'cleo at 1401']);
  });

  it('tells of room once, when a quarter is free again', () => {
    const { requests, scheduler, rooms } = make(4);
    const ids = ['a', 'b', 'c', 'd'].map((way) => requests.ask(way, undefined));
    expect(requests.isFull).toBe(true);
    pass(scheduler, 10);
    requests.forget(ids[0]);
    requests.forget(ids[0]);
    requests.forget(ids[1]);
    expect(rooms).toEqual([10]);
    expect(requests.counts).toMatchObject({ forgotten: 2, waiting: 2 });
  });

  it('leaves nothing behind when it ends: no request, no timer', () => {
    const { requests, scheduler, timedOut } = make();
    requests.ask('anna', 'mine');
    expect(requests.clear()).toMatchObject([{ way: 'anna', correlationId: 'mine' }]);
    pass(scheduler, 10_000);
    expect(timedOut).toEqual([]);
    expect(requests.counts).toMatchObject({ waiting: 0, forgotten: 1 });
    requests.ask('bert', undefined);
    pass(scheduler, 1_000);
    expect(timedOut).toEqual(['bert at 11000']);
  });

  it('leaves room for others beside one who floods, and forgets all of one who leaves', () => {
    const requests = createRequests<string>({
      scheduler: new VirtualTimeScheduler(),
      timeoutMs: 1_000,
      max: 4,
      maxOfOne: 2,
    });
    const first = requests.ask('anna', undefined);
    requests.ask('anna', undefined);
    expect(requests.isFullFor('anna')).toBe(true);
    expect(requests.isFullFor('bert')).toBe(false);
    const other = requests.ask('bert', undefined);
    requests.take(answerTo(first), leg);
    expect(requests.isFullFor('anna')).toBe(false);
    requests.ask('anna', undefined);
    requests.forgetAll('anna');
    expect(requests.counts).toMatchObject({ waiting: 1, answered: 1, forgotten: 2 });
    expect(requests.isFullFor('anna')).toBe(false);
    expect(requests.take(answerTo(other), leg)).toMatchObject({ way: 'bert' });
  });

  it('finds the correlation id where the operator says that it is, and nobody where it is not', () => {
    const { read } = { read: ({ payload }: Message) => (payload as { re: unknown }).re };
    const scheduler = new VirtualTimeScheduler();
    const requests = createRequests<string>({ scheduler, timeoutMs: 1_000, max: 4, correlation: read });
    const re = requests.ask('anna', undefined);
    expect(requests.take(Message.of({ re: 7 }, { correlationId: re }), leg)).toBe('no-request');
    expect(requests.take(Message.of(undefined, { correlationId: re }), leg)).toBe('no-request');
    expect(requests.take(Message.of({ re }), leg)).toMatchObject({ way: 'anna' });
  });

  it('has no timer while its endpoint is closed, and looks at once when that opens again', () => {
    const { requests, scheduler, timedOut } = make();
    requests.ask('anna', undefined);
    pass(scheduler, 500);
    requests.suspend();
    requests.ask('bert', undefined);
    expect(scheduler.actions).toEqual([]);
    pass(scheduler, 600);
    requests.resume();
    pass(scheduler, 400);
    expect(timedOut).toEqual(['anna at 1100', 'bert at 1500']);
  });

  type Action =
    | { readonly kind: 'ask' }
    | { readonly kind: 'answer' | 'forget'; readonly which: number }
    | { readonly kind: 'wait'; readonly ms: number };

  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'ask' as const }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('answer' as const, 'forget' as const),
        which: fc.nat(30),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(700) }) },
  );

  it('answers each request at most once, and only before its time-out; as an array of requests would', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (actions, max) => {
        const { requests, scheduler, timedOut } = make(max);
        const all: { id: string; since: number; end: 'open' | 'answered' | 'gone' | 'timed out' }[] = [];
        const openOnes = () => all.filter(({ end }) => end === 'open');
        for (const one of actions) {
          if (one.kind === 'ask') {
            expect(requests.isFull).toBe(openOnes().length >= max);
            if (requests.isFull) requests.refuse();
            else
              all.push({
                id: requests.ask(String(all.length), undefined),
                since: scheduler.frame,
                end: 'open',
              });
          } else if (one.kind === 'wait') {
            pass(scheduler, one.ms);
            for (const request of openOnes())
              if (request.since + 1_000 <= scheduler.frame) request.end = 'timed out';
          } else {
            const place = one.which % Math.max(1, all.length);
            const request = all[place];
            if (request === undefined) continue;
            if (one.kind === 'forget') requests.forget(request.id);
            else {
              const asked = requests.take(answerTo(request.id), leg);
              if (request.end === 'open') expect(asked).toMatchObject({ way: String(place) });
              else expect(asked).toBe('late');
            }
            if (request.end === 'open') request.end = one.kind === 'forget' ? 'gone' : 'answered';
          }
          const { asked, answered, timedOut: late, forgotten, waiting } = requests.counts;
          expect(asked).toBe(answered + late + forgotten + waiting);
          expect(waiting).toBe(openOnes().length);
          expect(waiting).toBeLessThanOrEqual(max);
        }
        pass(scheduler, 1_000);
        expect(requests.counts.waiting).toBe(0);
        const due = all.flatMap(({ since, end }, place) =>
          end === 'timed out' || end === 'open' ? [`${place} at ${since + 1_000}`] : [],
        );
        expect(timedOut).toEqual(due);
      }),
      runs({ share: 0.3 }),
    );
  });
});
