import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { type AsyncStepOptions, asyncStep } from '../../src/core/step-async.ts';
import { createLedger } from '../operators/ledger.ts';
import { elapse, turn } from '../virtual-time.ts';

/** A step whose answers the test gives. */
function running(options: Partial<AsyncStepOptions> = {}) {
  const ledger = createLedger();
  const scheduler = new VirtualTimeScheduler();
  const source = new Subject<Message>();
  const calls = new Map<
    unknown,
    { answer(value: unknown): void; refuse(error: unknown): void; signal: AbortSignal }
  >();
  const out: Message[] = [];
  const ends: string[] = [];
  const step = asyncStep(
    'step',
    ({ payload }, signal) =>
      new Promise((resolve, reject) => calls.set(payload, { answer: resolve, refuse: reject, signal })),
    { scheduler, ...options },
  );
  const onNext: { also: (message: Message) => void } = { also: () => undefined };
  const subscription = source.pipe(step).subscribe({
    next(message) {
      out.push(message);
      onNext.also(message);
    },
    complete: () => ends.push('complete'),
  });
  const give = (...payloads: unknown[]): void => {
    for (const payload of payloads) source.next(ledger.claimed(payload));
  };
  const answer = async (payload: unknown, value: unknown = payload): Promise<void> => {
    calls.get(payload)?.answer(value);
    await turn();
  };
  const payloads = (): unknown[] => out.map(({ payload }) => payload);
  return { ledger, scheduler, source, calls, out, ends, subscription, onNext, give, answer, payloads };
}

describe('async step', () => {
  it('runs as many at once as it may, and emits in the order of input', async () => {
    const { calls, give, answer, payloads } = running({ concurrency: 2 });
    give('a', 'b', 'c');
    expect([...calls.keys()]).toEqual(['a', 'b']);
    await answer('b');
    expect([payloads(), [...calls.keys()]]).toEqual([[], ['a', 'b']]);
    await answer('a');
    expect([payloads(), [...calls.keys()]]).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
    await answer('c');
    expect(payloads()).toEqual(['a', 'b', 'c']);
  });

  it('holds the source while as many wait as may run, and lets go at half', async () => {
    const { ledger, give, answer } = running({ concurrency: 2 });
    give('a', 'b', 'c');
    expect(ledger.holders.size).toBe(0);
    give('d');
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['step']);
    await answer('a');
    expect(ledger.holders.size).toBe(0);
  });

  it('starts what waits before what an emission leads back', async () => {
    // The shrunk case of law 3: in a cycle, a message of the same source overtook those that waited.
    const { calls, onNext, give, answer, payloads } = running({ concurrency: 1 });
    give('a', 'b');
    onNext.also = ({ payload }) => {
      if (payload === 'a') give('echo of a');
    };
    await answer('a');
    expect([...calls.keys()]).toEqual(['a', 'b']);
    await answer('b');
    await answer('echo of a');
    expect(payloads()).toEqual(['a', 'b', 'echo of a']);
  });

  it('gives back what does not answer in time, aborts it, and ignores what comes of it', async () => {
    const { ledger, scheduler, calls, give, answer, payloads } = running({ deadlineMs: 100, concurrency: 2 });
    give('slow', 'quick');
    await answer('quick');
    await elapse(scheduler, 99);
    expect(ledger.statuses).toEqual(['open', 'open']);
    await elapse(scheduler, 1);
    expect(ledger.statuses).toEqual(['nack', 'open']);
    expect(ledger.discarded).toEqual(['step-timeout']);
    expect(calls.get('slow')?.signal.reason).toMatchObject({ code: 'step-timeout' });
    await answer('slow');
    expect(payloads()).toEqual(['quick']);
    expect(calls.get('quick')?.signal.aborted).toBe(false);
  });

  it('has a deadline of 30 s, counted from where the message is taken up', async () => {
    const { ledger, scheduler, give, answer } = running({ concurrency: 1 });
    give('a', 'b');
    await elapse(scheduler, 20_000);
    await answer('a');
    await elapse(scheduler, 29_999);
    expect(ledger.discarded).toEqual([]);
    await elapse(scheduler, 1);
    expect(ledger.discarded).toEqual(['step-timeout']);
  });

  it('costs a message alone what it rejects', async () => {
    const { ledger, calls, give, answer, payloads } = running();
    give('a', 'b', 'c');
    calls.get('b')?.refuse(new Error('no'));
    await answer('c');
    await answer('a');
    expect(payloads()).toEqual(['a', 'c']);
    expect(ledger.failed.map(({ message }) => message)).toEqual(['step step: no']);
    expect(ledger.statuses).toEqual(['open', 'reject', 'open']);
  });

  it('costs a message alone what it throws at once', async () => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const passed: unknown[] = [];
    const step = asyncStep(
      'step',
      ({ payload }) => {
        if (payload === 'b') throw new Error('no');
        return payload;
      },
      { scheduler: new VirtualTimeScheduler(), concurrency: 1 },
    );
    source.pipe(step).subscribe(({ payload }) => passed.push(payload));
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(passed).toEqual(['a', 'c']);
    expect(ledger.failed.map(({ message }) => message)).toEqual(['step step: no']);
  });

  it('settles once what is refused after its time', async () => {
    const { ledger, scheduler, calls, give } = running({ deadlineMs: 100 });
    give('slow');
    await elapse(scheduler, 100);
    calls.get('slow')?.refuse(new Error('no'));
    await turn();
    expect([ledger.statuses, ledger.failed]).toEqual([['nack'], []]);
  });

  it('holds the source on while more than half wait', async () => {
    const { ledger, give, answer } = running({ concurrency: 4 });
    give('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    expect(ledger.holders.size).toBe(1);
    await answer('a');
    expect(ledger.holders.size).toBe(1);
    await answer('b');
    expect(ledger.holders.size).toBe(0);
  });

  it('gives back once what has failed behind one that is still out, when its route ends', async () => {
    const { ledger, calls, subscription, give } = running();
    give('a', 'b');
    calls.get('b')?.refuse(new Error('no'));
    await turn();
    subscription.unsubscribe();
    expect([ledger.statuses, ledger.discarded]).toEqual([['nack', 'reject'], ['step-ended']]);
    expect(calls.get('a')?.signal.reason).toMatchObject({ code: 'step-ended' });
  });

  it('leaves no timer behind a message that was answered', async () => {
    const { scheduler, give, answer } = running();
    give('a');
    await answer('a');
    expect(scheduler.actions).toHaveLength(0);
  });

  it('completes after the last answer when its source has completed', async () => {
    const { source, ends, give, answer, payloads } = running({ concurrency: 1 });
    give('a', 'b');
    source.complete();
    await answer('a');
    expect(ends).toEqual([]);
    await answer('b');
    expect([ends, payloads()]).toEqual([['complete'], ['a', 'b']]);
  });

  it('gives back all it holds when its route ends', async () => {
    const { ledger, scheduler, calls, subscription, give, answer } = running({ concurrency: 2 });
    give('a', 'b', 'c', 'd');
    await answer('b');
    subscription.unsubscribe();
    expect(ledger.statuses).toEqual(['nack', 'nack', 'nack', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended', 'step-ended', 'step-ended', 'step-ended']);
    expect([calls.get('a')?.signal.aborted, ledger.holders.size, scheduler.actions.length]).toEqual([
      true,
      0,
      0,
    ]);
    await answer('a');
    expect(ledger.statuses[0]).toBe('nack');
  });
});
