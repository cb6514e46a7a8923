import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type BufferOptions, buffer } from '../../operators/buffer.ts';
import type { Leg } from '../../src/core/leg.ts';
import type { Message, Status } from '../../src/core/message.ts';
import { memoryOverflows } from '../../src/core/overflow.ts';
import { runs } from '../runs.ts';
import { pass, turn } from '../virtual-time.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';

walkCases('buffer', { passing: () => buffer(), message: (ledger, payload) => ledger.claimed(payload) });

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function start(options: BufferOptions = {}) {
  const ledger = createLedger();
  const scheduler = new VirtualTimeScheduler();
  const source = new Subject<Message>();
  const passed: Message[] = [];
  let leg: Leg | undefined;
  let hasCompleted = false;
  const subscription = source
    .pipe(buffer({ scheduler, onLeg: (made) => (leg = made), ...options }))
    .subscribe({ next: (message) => passed.push(message), complete: () => (hasCompleted = true) });
  return {
    ledger,
    scheduler,
    source,
    passed,
    subscription,
    get leg() {
      return leg as unknown as Leg;
    },
    get hasCompleted() {
      return hasCompleted;
    },
    payloads: () => passed.map(({ payload }) => payload),
  };
}

describe('buffer', () => {
  it('gives back what waits, and not what is being emitted, when it is left within an emission', () => {
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Message>();
    const passed: Message[] = [];
    const subscription = source.pipe(buffer({ scheduler, inFlight: 1 })).subscribe((message) => {
      passed.push(message);
      if (message.payload === 'b') subscription.unsubscribe();
    });
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    passed[0]?.ack();
    scheduler.flush();
    expect(ledger.statuses).toEqual(['ack', 'open', 'nack']);
    passed[1]?.ack();
    expect(ledger.statuses).toEqual(['ack', 'ack', 'nack']);
  });

  it('forgets what was settled downstream, however many pass', async () => {
    const { ledger, source, passed } = start();
    const made: WeakRef<Message>[] = [];
    for (let place = 0; place < 1_000; place += 1) {
      const message = ledger.claimed(place);
      made.push(new WeakRef(message));
      source.next(message);
      const [fork] = passed.splice(0);
      if (fork === undefined) throw new Error('nothing passed');
      made.push(new WeakRef(fork));
      fork.ack();
    }
    // What a WeakRef is made of lives until the turn is over.
    await turn();
    collectGarbage();
    expect(made.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(500);
  });

  it('lets no more downstream than may be unsettled there', () => {
    const { ledger, source, passed, payloads } = start({ inFlight: 2 });
    for (let place = 0; place < 5; place += 1) source.next(ledger.claimed(place));
    expect(payloads()).toEqual([0, 1]);
    passed[1]?.ack();
    expect(payloads()).toEqual([0, 1, 2]);
    passed[0]?.ack();
    passed[2]?.ack();
    expect(payloads()).toEqual([0, 1, 2, 3, 4]);
  });

  it('lets 64 downstream unless told otherwise', () => {
    const { ledger, source, payloads } = start();
    for (let place = 0; place < 100; place += 1) source.next(ledger.claimed(place));
    expect(payloads()).toHaveLength(64);
  });

  it.each<Status>(['ack', 'nack', 'reject'])('settles a message as what follows does: %s', (status) => {
    const { ledger, source, passed } = start();
    source.next(ledger.claimed('a'));
    expect(ledger.statuses).toEqual(['open']);
    passed[0]?.settle(status);
    expect(ledger.statuses).toEqual([status]);
  });

  it('settles what a lossy policy takes at once, whatever follows', () => {
    const { ledger, source, passed } = start({ overflow: 'drop-oldest' });
    source.next(ledger.claimed('a'));
    expect(ledger.statuses).toEqual(['ack']);
    passed[0]?.reject();
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('keeps the newest of each key under latest, in the place of the first', () => {
    const { ledger, source, passed, payloads } = start({
      overflow: 'latest',
      inFlight: 1,
      key: ({ payload }) => (payload as string)[0],
    });
    for (const payload of ['a1', 'b1', 'a2', 'a3']) source.next(ledger.claimed(payload));
    expect(payloads()).toEqual(['a1']);
    passed[0]?.ack();
    passed[1]?.ack();
    expect(payloads()).toEqual(['a1', 'b1', 'a3']);
  });

  it('holds the sources while it is full, and lets them go when it is half empty', () => {
    const { ledger, source, passed } = start({ inFlight: 1, capacity: { messages: 4 }, name: 'prices' });
    for (let place = 0; place < 5; place += 1) source.next(ledger.claimed(place));
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['prices']);
    passed[0]?.ack();
    expect(ledger.holders.size).toBe(1);
    passed[1]?.ack();
    expect(ledger.holders.size).toBe(0);
  });

  it('lets nothing downstream while what follows holds it', () => {
    const { ledger, scheduler, source, passed, payloads } = start();
    const holder = { name: 'archive' };
    source.next(ledger.claimed('a'));
    const valve = passed[0]?.origin.valve;
    valve?.hold(holder);
    source.next(ledger.claimed('b'));
    expect(payloads()).toEqual(['a']);
    valve?.release(holder);
    scheduler.flush();
    expect(payloads()).toEqual(['a', 'b']);
  });

  it('claims what nobody has claimed, so that it learns when there is room', () => {
    const { ledger, source, passed, payloads } = start({ inFlight: 1 });
    source.next(ledger.root('a'));
    source.next(ledger.root('b'));
    expect(payloads()).toEqual(['a']);
    passed[0]?.ack();
    expect(payloads()).toEqual(['a', 'b']);
  });

  it('completes when the last message that waits has left', () => {
    const started = start({ inFlight: 1 });
    const { ledger, source, passed } = started;
    for (const payload of ['a', 'b']) source.next(ledger.claimed(payload));
    source.complete();
    expect(started.hasCompleted).toBe(false);
    passed[0]?.ack();
    expect(started.hasCompleted).toBe(true);
    passed[1]?.nack();
    expect(ledger.statuses).toEqual(['ack', 'nack']);
  });

  it('gives back what waits when it is left, and lets what is downstream be settled there', () => {
    const { ledger, source, passed, subscription } = start({ inFlight: 1, capacity: { messages: 2 } });
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    expect(ledger.holders.size).toBe(1);
    subscription.unsubscribe();
    expect(ledger.statuses).toEqual(['open', 'nack', 'nack']);
    expect(ledger.holders.size).toBe(0);
    passed[0]?.ack();
    expect(ledger.statuses).toEqual(['ack', 'nack', 'nack']);
  });

  it('lets the newest of each key pass at the end of each period, and the rest when no more comes', () => {
    const started = start({ overflow: 'sample', everyMs: 100, key: ({ payload }) => (payload as string)[0] });
    const { ledger, source, scheduler, payloads } = started;
    const offer = (...all: string[]): void => all.forEach((payload) => source.next(ledger.claimed(payload)));
    offer('a1', 'b1', 'a2');
    pass(scheduler, 99);
    expect(payloads()).toEqual([]);
    pass(scheduler, 1);
    expect(payloads()).toEqual(['a2', 'b1']);
    offer('a3');
    source.complete();
    expect(payloads()).toEqual(['a2', 'b1', 'a3']);
    expect(started.hasCompleted).toBe(true);
    expect(started.leg.discarded).toEqual(new Map([['superseded', 1]]));
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack', 'ack']);
  });

  it('takes no policy that it cannot have', () => {
    expect(() => buffer({ overflow: 'spill' as 'pause', name: 'prices' })).toThrow(
      'prices: expected pause, drop-oldest, drop-newest, latest, sample, error, found spill; a leg in code has no file',
    );
  });

  it.each([undefined, 0, -1, Number.NaN])('does not sample without a period: %s', (everyMs) => {
    const errors: unknown[] = [];
    const options: BufferOptions = {
      overflow: 'sample',
      name: 'prices',
      ...(everyMs !== undefined && { everyMs }),
    };
    new Subject<Message>().pipe(buffer(options)).subscribe({ error: (error) => errors.push(String(error)) });
    expect(errors).toEqual([
      expect.stringContaining(
        `prices: expected a period in milliseconds (everyMs), for overflow is sample; found ${everyMs ?? 'nothing'}`,
      ),
    ]);
  });

  it('has done with the message at whose emission it completes', () => {
    const started = start({ inFlight: 1 });
    const { ledger, source, scheduler, passed } = started;
    for (const payload of ['a', 'b']) source.next(ledger.claimed(payload));
    source.complete();
    passed[0]?.ack();
    expect([passed.length, started.hasCompleted]).toEqual([2, true]);
    passed[1]?.ack();
    pass(scheduler, 0);
    expect(ledger.statuses).toEqual(['ack', 'ack']);
    expect([started.leg.delivered, started.leg.discarded.size]).toEqual([2, 0]);
  });

  it('settles each message exactly once, and never exceeds its bounds, whatever follows does', () => {
    const deed = fc.oneof(
      { weight: 3, arbitrary: fc.constant('offer' as const) },
      { weight: 2, arbitrary: fc.constantFrom<Status>('ack', 'nack', 'reject') },
    );
    fc.assert(
      fc.property(
        fc.array(deed, { maxLength: 80 }),
        fc.constantFrom(...memoryOverflows),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (deeds, overflow, inFlight, messages) => {
          const started = start({
            overflow,
            inFlight,
            capacity: { messages },
            key: ({ payload }) => (payload as number) % 3,
            everyMs: 3,
          });
          const { ledger, source, passed, leg } = started;
          const isLossy = overflow !== 'pause' && overflow !== 'error';
          const given = new Map<unknown, Status>();
          let settled = 0;
          let offered = 0;
          for (const each of deeds) {
            // Under `sample` some periods end, and some have more than one message.
            if (offered % 2 === 0) pass(started.scheduler, 1);
            if (each === 'offer') {
              // A source that is held emits nothing.
              if (ledger.holders.size > 0) continue;
              source.next(ledger.claimed(offered));
              offered += 1;
            } else if (settled < passed.length) {
              const message = passed[settled] as Message;
              settled += 1;
              given.set(message.payload, each);
              message.settle(each);
            }
            expect(passed.length - settled).toBeLessThanOrEqual(inFlight);
            expect(leg.peakDepth).toBeLessThanOrEqual(messages);
          }
          source.complete();
          for (; settled < passed.length; settled += 1) passed[settled]?.ack();
          expect(started.hasCompleted).toBe(true);
          let dropped = 0;
          for (const count of leg.discarded.values()) dropped += count;
          // Law 1, at rest: all that came is delivered, discarded or failed.
          expect(passed.length + dropped + leg.failed).toBe(offered);
          expect(leg.held).toBe(0);
          for (const [place, status] of ledger.statuses.entries()) {
            const wasRefused = overflow === 'error' && !passed.some(({ payload }) => payload === place);
            expect(status).toBe(isLossy ? 'ack' : wasRefused ? 'reject' : (given.get(place) ?? 'ack'));
          }
        },
      ),
      runs(),
    );
  });
});
