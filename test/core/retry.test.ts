import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { jitteredPause } from '../../src/core/jitter.ts';
import { Leg, type LegOptions } from '../../src/core/leg.ts';
import { Message } from '../../src/core/message.ts';
import { Retries, type RetryOptions } from '../../src/core/retry.ts';
import { Sink } from '../../src/core/sink.ts';
import { Wire } from '../../src/core/wire.ts';
import { createLedger } from '../operators/ledger.ts';
import { runs } from '../runs.ts';
import { pass } from '../virtual-time.ts';

const no = new AraldoError('sink-rejected', 'no');

/** A leg that tries again, to a sink that refuses each payload so often and confirms by hand or at once. */
function legOf(retry: Partial<RetryOptions> = {}, options: Partial<LegOptions> = {}) {
  const ledger = createLedger();
  const scheduler = new VirtualTimeScheduler();
  const written: unknown[] = [];
  const tickets: number[] = [];
  const far = { isWritable: true, refuses: (_payload: unknown): boolean => false, confirms: true };
  const sink = new Sink('sink', scheduler, {
    isWritable: () => far.isWritable,
    write({ payload }, ticket) {
      written.push(payload);
      tickets.push(ticket);
      if (far.refuses(payload)) throw no;
      return far.confirms;
    },
  });
  const leg = new Leg(sink, {
    name: 'leg',
    overflow: 'pause',
    capacity: { messages: 4, bytes: 1 << 20 },
    retry: { attempts: 3, minMs: 100, maxMs: 10_000, isOrdered: false, scheduler, random: () => 0, ...retry },
    ...options,
  });
  const offer = (...payloads: unknown[]): void => {
    for (const payload of payloads) leg.offer(ledger.claimed(payload, { key: String(payload) }));
  };
  sink.opened();
  return { ledger, sink, leg, far, written, tickets, offer, wait: (ms: number) => pass(scheduler, ms) };
}

describe('retries', () => {
  function retriesOf(attempts: number) {
    const scheduler = new VirtualTimeScheduler();
    const due: Message[] = [];
    const options = { attempts, minMs: 100, maxMs: 100, isOrdered: false, scheduler, random: () => 0 };
    return { retries: new Retries(options, (message) => due.push(message)), due, scheduler };
  }
  const message = Message.of('abc').withWire('abc', Wire.of(Uint8Array.of(97, 98, 99), true));

  it('count what waits, in messages and bytes, until it is due', () => {
    const { retries, due, scheduler } = retriesOf(3);
    expect(retries.keep(message)).toBe(true);
    expect(retries.keep(Message.of({ a: 1 }))).toBe(true);
    expect([retries.length, retries.bytes, retries.count]).toEqual([2, 3, 0]);
    pass(scheduler, 100);
    expect(due).toHaveLength(2);
    expect([retries.length, retries.bytes, retries.count]).toEqual([0, 0, 2]);
  });

  it('remember how often a message has failed until it is forgotten', () => {
    const { retries, scheduler } = retriesOf(2);
    expect(retries.keep(message)).toBe(true);
    pass(scheduler, 100);
    expect(retries.keep(message)).toBe(false);
    retries.forget(message);
    expect(retries.keep(message)).toBe(true);
  });

  it('are over when they are taken', () => {
    const { retries, due, scheduler } = retriesOf(2);
    retries.keep(message);
    expect(retries.takeAll()).toEqual([message]);
    expect([retries.length, retries.bytes]).toEqual([0, 0]);
    pass(scheduler, 100);
    expect(due).toEqual([]);
    expect(retries.keep(message)).toBe(true);
  });
});

describe('a leg that tries again', () => {
  it('sends what the sink refused after a pause, and acks it when it is confirmed', () => {
    const { leg, ledger, far, written, offer, wait } = legOf();
    far.refuses = () => written.length < 2;
    offer('a');
    expect([leg.retrying, leg.held, leg.failed, ledger.statuses]).toEqual([1, 1, 0, ['open']]);
    wait(99);
    expect(written).toEqual(['a']);
    wait(1);
    expect(written).toEqual(['a', 'a']);
    expect([leg.delivered, leg.held, leg.retried, ledger.statuses]).toEqual([1, 0, 1, ['ack']]);
  });

  it('gives up after so many attempts, and then the message has failed', () => {
    const { leg, ledger, far, written, offer, wait } = legOf();
    far.refuses = () => true;
    offer('a');
    wait(1_000);
    expect(written).toEqual(['a', 'a', 'a']);
    expect([leg.failed, leg.held, ledger.statuses]).toEqual([1, 0, ['reject']]);
    expect(ledger.failed).toEqual([no]);
  });

  it('counts anew for a message that comes again', () => {
    const { far, written, offer, wait } = legOf({ attempts: 2 });
    far.refuses = () => true;
    offer('a');
    wait(1_000);
    offer('a');
    wait(1_000);
    expect(written).toEqual(['a', 'a', 'a', 'a']);
  });

  it('sends others meanwhile', () => {
    const { far, written, offer, wait } = legOf();
    far.refuses = (payload) => payload === 'a' && written.length === 1;
    offer('a', 'b', 'c');
    wait(100);
    expect(written).toEqual(['a', 'b', 'c', 'a']);
  });

  it('sends nothing else meanwhile where it keeps order, and one message at a time', () => {
    const { leg, far, written, tickets, offer, wait } = legOf({ isOrdered: true });
    far.confirms = false;
    offer('a', 'b', 'c');
    expect(written).toEqual(['a']);
    leg.fail(tickets[0] as number, no);
    wait(99);
    expect(written).toEqual(['a']);
    wait(1);
    leg.confirm(tickets[1] as number);
    wait(0);
    expect(written).toEqual(['a', 'a', 'b']);
  });

  it('uses up no attempt while its sink is down', () => {
    const { leg, sink, far, written, tickets, offer, wait } = legOf({ attempts: 2 });
    far.confirms = false;
    offer('a');
    for (let times = 0; times < 5; times += 1) {
      sink.lost();
      sink.opened();
    }
    leg.fail(tickets.at(-1) as number, no);
    expect([leg.failed, leg.retrying]).toEqual([0, 1]);
    sink.lost();
    wait(1_000);
    expect([leg.retrying, leg.depth, leg.failed]).toEqual([0, 1, 0]);
    far.confirms = true;
    sink.opened();
    expect([written.length, leg.delivered, leg.held]).toEqual([7, 1, 0]);
  });

  it('is full when all its places are taken by what waits for its next try', () => {
    const { leg, ledger, far, written, offer, wait } = legOf();
    far.refuses = (payload) => written.filter((sent) => sent === payload).length === 1;
    offer(1, 2, 3, 4, 5, 6, 7, 8);
    expect([written.length, leg.retrying, leg.depth, leg.held]).toEqual([4, 4, 4, 8]);
    expect([...ledger.holders]).toEqual([leg]);
    wait(1_000);
    expect([leg.delivered, leg.held, ledger.holders.size]).toEqual([8, 0, 0]);
  });

  it('keeps its bound in bytes too', () => {
    const { leg, ledger, far, written } = legOf({}, { capacity: { messages: 4, bytes: 10 } });
    far.refuses = () => true;
    for (const text of ['12345678', '12345678', '12345678']) leg.offer(ledger.claimedBytes(text));
    expect([written.length, leg.retrying, leg.depth]).toEqual([2, 2, 1]);
  });

  it('forgets under latest what has a newer value when it is due', () => {
    const { leg, far, written, offer, wait } = legOf({}, { overflow: 'latest' });
    far.refuses = () => written.length === 1;
    offer('a');
    far.isWritable = false;
    offer('a');
    wait(100);
    expect([leg.discarded.get('superseded'), leg.depth, leg.held]).toEqual([1, 1, 1]);
    expect(leg.received).toBe(2);
  });

  it('gives back what waits for its next try when it is disposed of, and sends it no more', () => {
    const { leg, ledger, far, written, offer, wait } = legOf();
    far.refuses = () => true;
    offer('a', 'b');
    leg.dispose();
    wait(1_000);
    expect([written, ledger.statuses, leg.held]).toEqual([['a', 'b'], ['nack', 'nack'], 0]);
    expect(leg.discarded.get('closed')).toBe(2);
  });

  it('fails under a lossy policy what it has acked, once its attempts are used up', () => {
    const { leg, ledger, far, offer, wait } = legOf({}, { overflow: 'drop-oldest' });
    far.refuses = () => true;
    offer('a');
    wait(1_000);
    expect([leg.failed, ledger.failed, ledger.statuses]).toEqual([1, [no], ['ack']]);
  });
});

describe('jitteredPause', () => {
  it('law 21: lies within [min, max], is spread over all of it, and grows to max', () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 1, max: 100_000 }))
      .map(([minMs, more]) => ({ minMs, maxMs: minMs + more }));
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(range, fc.integer({ min: 1, max: 5_000 }), fraction, (bounds, failures, drawn) => {
        const { minMs, maxMs } = bounds;
        const pauseOf = (fraction: number) => jitteredPause(bounds, failures, () => fraction);
        expect(pauseOf(drawn)).toBeGreaterThanOrEqual(minMs);
        expect(pauseOf(drawn)).toBeLessThanOrEqual(maxMs);
        expect(pauseOf(0)).toBe(minMs);
        expect(pauseOf(0.999)).toBeGreaterThan(minMs);
        if (failures > 20) expect(pauseOf(0.5)).toBeCloseTo((minMs + maxMs) / 2, 6);
      }),
      runs(),
    );
  });
});
