import { type SchedulerLike, Subject, Subscription, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { type Fate, type TimeoutOptions, timeout, timeoutStep } from '../../operators/timeout.ts';
import type { Message, Status } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('timeout', {
  passing: () => timeout({ ms: 1_000 }),
  message: (ledger, payload) => ledger.claimed(payload),
});

for (const fate of ['fail', 'nack', 'discard'] as const) {
  for (const law of operatorLaws(`timeout, then ${fate}`, {
    create: (scheduler) => timeout({ ms: 25, fate, scheduler }),
    givesBack: ['step-ended', 'timed-out'].slice(0, fate === 'nack' ? 2 : 1),
  })) {
    test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
  }
}

function start(options: Partial<TimeoutOptions> = {}) {
  return timed((scheduler) => timeout({ ms: 1_000, name: 'orders.via[0] timeout', ...options, scheduler }));
}

describe('timeout', () => {
  it.each<[Fate | undefined, Status]>([
    [undefined, 'reject'],
    ['fail', 'reject'],
    ['nack', 'nack'],
    ['discard', 'ack'],
  ])('settles what is not settled in time by its fate: %s', (fate, status) => {
    const { send, wait, left, ledger } = start({ fate });
    send('a');
    expect(left).toEqual(['a@0']);
    wait(999);
    expect(ledger.statuses).toEqual(['open']);
    wait(1);
    expect(ledger.statuses).toEqual([status]);
    if (status === 'reject') {
      expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([
        ['timed-out', 'step orders.via[0] timeout: not settled within 1000 ms'],
      ]);
    } else expect(ledger.discarded).toEqual(['timed-out']);
  });

  it.each(['ack', 'nack', 'reject'] as const)('passes on what is settled in time: %s', (status) => {
    const { send, wait, passed, ledger } = start();
    send('a');
    wait(999);
    passed[0]?.settle(status);
    wait(1_000);
    expect(ledger.statuses).toEqual([status]);
    expect(ledger.failed).toEqual([]);
  });

  it('ignores how what follows settles it too late', () => {
    const { send, wait, passed, ledger } = start({ fate: 'nack' });
    send('a');
    wait(1_000);
    passed[0]?.ack();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('counts what goes on after its time as a message of its own', () => {
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Message>();
    const made: number[] = [];
    ledger.route.made = (count) => made.push(count);
    source.pipe(timeout({ ms: 10, scheduler })).subscribe();
    source.next(ledger.claimed('a'));
    scheduler.flush();
    expect(made).toEqual([1]);
  });

  it('reads an answer that came while this process stood still before its time is up', () => {
    const ledger = createLedger();
    const { scheduler, jump } = createStoppableClock();
    const source = new Subject<Message>();
    const passed: Message[] = [];
    source.pipe(timeout({ ms: 10_000, scheduler })).subscribe((message) => passed.push(message));
    source.next(ledger.claimed('a'));
    source.next(ledger.claimed('b'));
    jump(60_000);
    // Timers that were due run first, then the event loop reads what has arrived.
    passed[0]?.ack();
    jump(1_000);
    expect(ledger.statuses).toEqual(['ack', 'reject']);
  });

  it('fails what is not settled unless told otherwise, and says its name', () => {
    const { send, wait, ledger } = timed((scheduler) => timeout({ ms: 100, scheduler }));
    send('a');
    wait(100);
    expect(ledger.failed[0]?.message).toBe('step timeout: not settled within 100 ms');
    expect(ledger.failedAt).toEqual(['timeout']);
  });

  it('gives a process that stood still half of a short time to read what arrived', () => {
    const ledger = createLedger();
    const { scheduler, jump } = createStoppableClock();
    const source = new Subject<Message>();
    source.pipe(timeout({ ms: 100, scheduler })).subscribe();
    source.next(ledger.claimed('a'));
    jump(60_000);
    jump(49);
    expect(ledger.statuses).toEqual(['open']);
    jump(1);
    expect(ledger.statuses).toEqual(['reject']);
  });

  it('leaves no timer behind when it is left, though what follows still has messages', () => {
    const { send, wait, leave, scheduler } = start();
    send('a');
    wait(600);
    send('b');
    leave();
    expect(scheduler.actions).toEqual([]);
  });

  it('lets what follows hold the source', () => {
    const { send, passed, ledger } = start();
    send('a');
    passed[0]?.origin.valve.hold({ name: 'archive' });
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['archive']);
  });

  it('keeps the id of a message', () => {
    const { sendWith, passed } = start();
    sendWith({ id: 'x/1' }, 'a');
    expect(passed[0]?.id).toBe('x/1');
  });

  it('leaves alone what no route has claimed', () => {
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Message>();
    const passed: Message[] = [];
    source.pipe(timeout({ ms: 10, scheduler })).subscribe((message) => passed.push(message));
    const root = ledger.root('a');
    source.next(root);
    expect(passed).toEqual([root]);
    expect(scheduler.actions).toEqual([]);
  });
});

describe('the step timeout', () => {
  it('does what each of its options says', () => {
    const { send, wait, ledger } = startStep(timeoutStep, { after: '100ms', then: 'discard' });
    send('a');
    wait(99);
    expect(ledger.discarded).toEqual([]);
    wait(1);
    expect(ledger.discarded).toEqual(['timed-out']);
  });

  it('names itself by its place when it fails a message', () => {
    const { send, wait, ledger } = startStep(timeoutStep, '100ms');
    send('a');
    wait(100);
    expect(ledger.failed[0]?.message).toMatch(/^step orders\.via\[0\] timeout: /);
  });

  it.each([
    ['30s', { after: 30_000 }],
    ['{ after: 5s, then: discard }', { after: 5_000, fate: 'discard' }],
    ['{ after: 5s, then: drop }', expect.stringContaining('Invalid option')],
  ])('reads %s', (options, wanted) => {
    expect(parsed(timeoutStep, parse(options))).toEqual(wanted);
  });
});

/** Time passes in one piece, as for a process that was stopped: what is due by then runs once, late. */
function createStoppableClock() {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let now = 0;
  const scheduler: SchedulerLike = {
    now: () => now,
    schedule(work, delayMs = 0): Subscription {
      // None of our operators looks at the action, or has a state.
      const timer = { at: now + delayMs, run: () => (work as () => void)() };
      timers.add(timer);
      return new Subscription(() => timers.delete(timer));
    },
  };
  const jump = (ms: number): void => {
    now += ms;
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer);
      timer.run();
    }
  };
  return { scheduler, jump };
}
