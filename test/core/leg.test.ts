import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { Leg, type LegOptions } from '../../src/core/leg.ts';
import { Sink } from '../../src/core/sink.ts';
import { createLedger } from '../operators/ledger.ts';
import { pass } from '../virtual-time.ts';

/** A leg to a sink that writes down what it is sent, and confirms by hand unless told otherwise. */
function legOf(options: Partial<LegOptions> = {}, confirms = false) {
  const ledger = createLedger();
  const scheduler = new VirtualTimeScheduler();
  const written: unknown[] = [];
  const tickets: number[] = [];
  const far = { isWritable: true, refuses: false, onWrite: (): void => undefined };
  const sink = new Sink('sink', scheduler, {
    isWritable: () => far.isWritable,
    write(message, ticket) {
      written.push(message.payload);
      tickets.push(ticket);
      far.onWrite();
      if (far.refuses) throw new Error('refused');
      return confirms;
    },
  });
  const leg = new Leg(sink, {
    name: 'leg',
    overflow: 'pause',
    capacity: { messages: 4, bytes: 1 << 20 },
    sampling: { everyMs: 100, scheduler },
    ...options,
  });
  const offer = (...payloads: unknown[]): void => {
    for (const payload of payloads) leg.offer(ledger.claimed(payload, { key: String(payload) }));
  };
  sink.opened();
  return { ledger, scheduler, sink, leg, far, written, tickets, offer, turn: () => pass(scheduler, 0) };
}

describe('leg', () => {
  it('sends at once what the sink takes, and acks what it confirms', () => {
    const { leg, ledger, written, tickets, offer } = legOf();
    offer('a', 'b');
    expect(written).toEqual(['a', 'b']);
    expect([leg.held, leg.depth]).toEqual([2, 0]);
    expect(ledger.statuses).toEqual(['open', 'open']);
    leg.confirm(tickets[1] as number);
    expect(ledger.statuses).toEqual(['open', 'ack']);
    leg.confirm(tickets[0] as number);
    expect(ledger.statuses).toEqual(['ack', 'ack']);
    expect([leg.delivered, leg.held]).toEqual([2, 0]);
  });

  it('counts a ticket once, however often it is answered', () => {
    const { leg, ledger, tickets, offer } = legOf();
    offer('a', 'b', 'c');
    leg.confirm(tickets[1] as number);
    leg.confirm(tickets[1] as number);
    leg.fail(tickets[1] as number, new AraldoError('sink-rejected', 'no'));
    leg.dismiss(tickets[1] as number, 'no-peer');
    leg.confirm(99);
    expect([leg.delivered, leg.failed, leg.held]).toEqual([1, 0, 2]);
    expect(ledger.statuses).toEqual(['open', 'ack', 'open']);
  });

  it('confirms through a ticket, past what was confirmed out of order', () => {
    const { leg, tickets, offer } = legOf();
    offer('a', 'b', 'c', 'd');
    leg.confirm(tickets[1] as number);
    leg.confirmThrough(tickets[2] as number);
    expect([leg.delivered, leg.held]).toEqual([3, 1]);
    leg.confirmThrough(tickets[2] as number);
    expect(leg.delivered).toBe(3);
  });

  it('ignores what a lost connection confirms, and sends again in the old order', () => {
    const { leg, sink, ledger, written, tickets, offer } = legOf();
    offer('a', 'b', 'c');
    leg.confirm(tickets[1] as number);
    const stale = tickets.splice(0);
    sink.lost();
    offer('d');
    expect([leg.depth, leg.held]).toEqual([3, 3]);
    for (const ticket of stale) leg.confirm(ticket);
    expect([leg.delivered, leg.held]).toEqual([1, 3]);
    sink.opened();
    expect(written).toEqual(['a', 'b', 'c', 'a', 'c', 'd']);
    for (const ticket of stale) leg.confirm(ticket);
    expect(leg.delivered).toBe(1);
    for (const ticket of tickets) leg.confirm(ticket);
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack', 'ack']);
  });

  it('survives a sink that is lost while it writes', () => {
    const { leg, sink, offer, far, written } = legOf({}, true);
    far.onWrite = () => sink.lost();
    offer('a', 'b');
    expect([leg.delivered, leg.depth]).toEqual([0, 2]);
    far.onWrite = () => undefined;
    sink.opened();
    expect(written).toEqual(['a', 'a', 'b']);
    expect([leg.delivered, leg.held]).toEqual([2, 0]);
  });

  it('fails a message that the sink refuses, and no other', () => {
    const { leg, ledger, far, offer } = legOf({}, true);
    far.refuses = true;
    offer('a');
    far.refuses = false;
    offer('b');
    expect([leg.failed, leg.delivered]).toEqual([1, 1]);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['sink-rejected']);
    expect(ledger.statuses).toEqual(['reject', 'ack']);
  });

  it('holds the source when it is full, and lets go at half', () => {
    const { leg, ledger, far, tickets, offer, turn } = legOf();
    far.isWritable = false;
    offer(1, 2, 3);
    expect(ledger.holders.size).toBe(0);
    offer(4);
    expect([...ledger.holders]).toEqual([leg]);
    expect(leg.holds).toBe(1);
    far.isWritable = true;
    leg.drain(1);
    expect(leg.isHolding).toBe(true);
    leg.drain(1);
    expect([leg.depth, ledger.holders.size]).toEqual([2, 0]);
    turn();
    expect(tickets).toHaveLength(2);
  });

  it('keeps all that was admitted when it is full', () => {
    const { leg, far, offer } = legOf();
    far.isWritable = false;
    offer(1, 2, 3, 4, 5, 6);
    expect([leg.depth, leg.peakDepth]).toEqual([6, 6]);
  });

  it('keeps no more unconfirmed than its capacity', () => {
    const { leg, tickets, written, offer, turn } = legOf();
    offer(1, 2, 3, 4, 5, 6);
    expect(written).toEqual([1, 2, 3, 4]);
    leg.confirm(tickets[3] as number);
    turn();
    // The oldest is unconfirmed: the places behind it are taken.
    expect(written).toHaveLength(4);
    leg.confirm(tickets[0] as number);
    turn();
    expect(written).toEqual([1, 2, 3, 4, 5]);
  });

  const answers: readonly (readonly [string, (leg: Leg, ticket: number) => void])[] = [
    ['is confirmed', (leg, ticket) => leg.confirm(ticket)],
    ['is confirmed with all before it', (leg, ticket) => leg.confirmThrough(ticket)],
    ['fails', (leg, ticket) => leg.fail(ticket, new AraldoError('sink-rejected', 'no'))],
    ['is dismissed', (leg, ticket) => leg.dismiss(ticket, 'no-peer')],
  ];
  it.each(answers)('sends what waits for the place of one that %s', (_how, answer) => {
    const { leg, tickets, written, offer, turn } = legOf();
    offer(1, 2, 3, 4, 5, 6);
    // Nobody looks at it any more until there is an answer.
    turn();
    expect([written.length, leg.depth]).toEqual([4, 2]);
    answer(leg, tickets[0] as number);
    turn();
    expect([written, leg.depth]).toEqual([[1, 2, 3, 4, 5], 1]);
  });

  it.each(['drop-oldest', 'drop-newest', 'latest'] as const)('acks under %s what it accepts', (overflow) => {
    const { leg, ledger, far, offer } = legOf({ overflow });
    far.isWritable = false;
    offer('a', 'b', 'c', 'd', 'e', 'a');
    expect(new Set(ledger.statuses)).toEqual(new Set(['ack']));
    expect(leg.received).toBe(leg.held + [...leg.discarded.values()].reduce((sum, count) => sum + count, 0));
    expect(ledger.holders.size).toBe(0);
  });

  it('fails what it has no room for under error', () => {
    const { leg, ledger, far, offer } = legOf({ overflow: 'error' });
    far.isWritable = false;
    offer(1, 2, 3, 4, 5);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['leg-full']);
    expect(ledger.statuses.at(-1)).toBe('reject');
    expect([leg.held, leg.failed]).toEqual([4, 1]);
  });

  it('lets a message fail whose key cannot be told, and takes the next', () => {
    const key = ({ payload }: { readonly payload: unknown }): unknown => (payload as { id: string }).id;
    const { leg, ledger, offer, written } = legOf({ overflow: 'latest', key });
    offer(null, { id: 'a' });
    expect(ledger.failed.map(({ code }) => code)).toEqual(['step-failed']);
    expect(ledger.statuses).toEqual(['reject', 'ack']);
    expect(written).toEqual([{ id: 'a' }]);
    expect([leg.received, leg.failed, leg.held]).toEqual([2, 1, 1]);
  });

  it('dismisses what there is nobody for: counted, acked', () => {
    const { leg, ledger, tickets, offer } = legOf();
    offer('a');
    leg.dismiss(tickets[0] as number, 'no-peer');
    expect(leg.discarded.get('no-peer')).toBe(1);
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('gives back what it holds when it is disposed of', () => {
    const { leg, sink, ledger, far, offer } = legOf();
    offer('a');
    far.isWritable = false;
    offer('b', 'c', 'd', 'e');
    leg.dispose();
    expect(ledger.statuses).toEqual(['nack', 'nack', 'nack', 'nack', 'nack']);
    expect([leg.held, leg.isHolding, sink.legs.size]).toEqual([0, false, 0]);
    expect(ledger.holders.size).toBe(0);
    expect(leg.received).toBe(leg.discarded.get('closed'));
  });

  it('sends nothing past what waits, though the sink has become writable', () => {
    const { far, written, offer, turn } = legOf();
    far.isWritable = false;
    offer('a');
    far.isWritable = true;
    offer('b');
    expect(written).toEqual([]);
    turn();
    expect(written).toEqual(['a', 'b']);
  });

  it('sends nothing before the sink is up', () => {
    const { leg, sink, written, offer, turn } = legOf();
    sink.lost();
    offer('a');
    turn();
    expect([leg.depth, written]).toEqual([1, []]);
    sink.opened();
    expect(written).toEqual(['a']);
  });
});

describe('sink', () => {
  it('serves its legs in turn, a slice of each', () => {
    const ledger = createLedger();
    const written: string[] = [];
    const scheduler = new VirtualTimeScheduler();
    const sink = new Sink('sink', scheduler, {
      isWritable: () => true,
      write: (message) => written.push(message.payload as string) > 0,
    });
    const capacity = { messages: 1000, bytes: 1 << 20 };
    for (const name of ['a', 'b']) {
      const leg = new Leg(sink, { name, overflow: 'pause', capacity });
      for (let count = 0; count < 100; count += 1) leg.offer(ledger.claimed(name));
    }
    sink.opened();
    const runs = written.join('').match(/a+|b+/g);
    expect(runs?.map(({ length }) => length)).toEqual([64, 64, 36, 36]);
  });

  it('goes on with the others when a leg is disposed of, whether that one has something to send or not', () => {
    for (const count of [0, 1]) {
      const ledger = createLedger();
      const written: unknown[] = [];
      const sink = new Sink('sink', new VirtualTimeScheduler(), {
        isWritable: () => true,
        write: ({ payload }) => written.push(payload) > 0,
      });
      const capacity = { messages: 8, bytes: 1 << 20 };
      const [one, other] = ['a', 'b'].map((name) => new Leg(sink, { name, overflow: 'pause', capacity }));
      one?.offer(ledger.claimed('a'));
      for (let offered = 0; offered < count; offered += 1) other?.offer(ledger.claimed('b'));
      expect(sink.held).toBe(1 + count);
      other?.dispose();
      expect([sink.held, sink.legs.size]).toEqual([1, 1]);
      sink.opened();
      expect(written).toEqual(['a']);
    }
  });

  it('asks for one turn at a time, and for none while nothing waits', () => {
    const { sink, scheduler, far, offer, written, turn } = legOf();
    sink.schedule();
    expect(scheduler.actions).toHaveLength(0);
    far.isWritable = false;
    offer('a');
    far.isWritable = true;
    for (let times = 0; times < 3; times += 1) sink.schedule();
    expect(scheduler.actions).toHaveLength(1);
    turn();
    expect(written).toEqual(['a']);
    expect(scheduler.actions).toHaveLength(0);
  });

  it('leaves the event loop its turn after 1,024 messages', () => {
    const ledger = createLedger();
    let written = 0;
    const scheduler = new VirtualTimeScheduler();
    const sink = new Sink('sink', scheduler, {
      isWritable: () => true,
      write() {
        written += 1;
        return true;
      },
    });
    const leg = new Leg(sink, {
      name: 'leg',
      overflow: 'pause',
      capacity: { messages: 9_000, bytes: 1 << 30 },
    });
    for (let count = 0; count < 3_000; count += 1) leg.offer(ledger.claimed(count));
    sink.opened();
    expect(written).toBe(1_024);
    pass(scheduler, 0);
    expect(written).toBe(3_000);
  });

  it('tries each leg in line, though the one before it has nothing left', () => {
    // The shrunk case of law 12: a leg that left the line empty counted as one that could not send.
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    const written: unknown[] = [];
    const capacity = { messages: 1, bytes: 1 << 20 };
    const sink = new Sink('sink', scheduler, {
      isWritable: () => true,
      write(message) {
        written.push(message.payload);
        // What it is sent comes back, as from a mock channel: to the leg that is drained, and to the other.
        if (message.payload === 'first') for (const leg of legs) leg.offer(ledger.claimed('again'));
        return true;
      },
    });
    const legs = ['one', 'two'].map((name) => new Leg(sink, { name, overflow: 'drop-oldest', capacity }));
    legs[0]?.offer(ledger.claimed('first'));
    sink.opened();
    pass(scheduler, 0);
    expect(written).toEqual(['first', 'again', 'again']);
  });

  it('writes one message at a time: what a write leads to waits for the next turn', () => {
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    let depth = 0;
    let deepest = 0;
    const sink = new Sink('sink', scheduler, {
      isWritable: () => true,
      write({ payload }) {
        depth += 1;
        deepest = Math.max(deepest, depth);
        if ((payload as number) < 10_000) leg.offer(ledger.claimed((payload as number) + 1));
        depth -= 1;
        return true;
      },
    });
    const leg = new Leg(sink, { name: 'leg', overflow: 'pause', capacity: { messages: 4, bytes: 1 << 20 } });
    sink.opened();
    leg.offer(ledger.claimed(0));
    pass(scheduler, 0);
    expect([deepest, leg.delivered]).toEqual([1, 10_001]);
  });

  it('goes on after a plugin has thrown, and keeps the leg in line that it threw at', () => {
    const ledger = createLedger();
    const written: unknown[] = [];
    let isBroken = true;
    const sink = new Sink('sink', new VirtualTimeScheduler(), {
      isWritable() {
        if (isBroken) throw new Error('a plugin');
        return true;
      },
      write: ({ payload }) => written.push(payload) > 0,
    });
    const capacity = { messages: 8, bytes: 1 << 20 };
    const leg = new Leg(sink, { name: 'leg', overflow: 'pause', capacity });
    leg.offer(ledger.claimed('a'));
    expect(() => sink.opened()).toThrow('a plugin');
    isBroken = false;
    sink.drain();
    expect(written).toEqual(['a']);
  });

  it('does not forget that it became writable within a write', () => {
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    const written: unknown[] = [];
    let isWritable = true;
    const sink = new Sink('sink', scheduler, {
      isWritable: () => isWritable,
      write(message) {
        written.push(message.payload);
        if (message.payload !== 'first') return true;
        isWritable = false;
        other.offer(ledger.claimed('second'));
        isWritable = true;
        sink.drain();
        return true;
      },
    });
    const capacity = { messages: 4, bytes: 1 << 20 };
    const leg = new Leg(sink, { name: 'one', overflow: 'pause', capacity });
    const other = new Leg(sink, { name: 'two', overflow: 'pause', capacity });
    sink.opened();
    leg.offer(ledger.claimed('first'));
    pass(scheduler, 0);
    expect(written).toEqual(['first', 'second']);
  });
});

describe('a leg that samples', () => {
  const sampling = (options: Partial<LegOptions> = {}, confirms = true) =>
    legOf({ overflow: 'sample', key: ({ payload }) => (payload as string)[0], ...options }, confirms);

  it('sends the newest of each key at the end of a period, in the order in which the keys came', () => {
    const { leg, ledger, scheduler, written, offer } = sampling();
    pass(scheduler, 30);
    offer('a1', 'b1', 'a2');
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack']);
    pass(scheduler, 69);
    expect(written).toEqual([]);
    pass(scheduler, 1);
    expect(written).toEqual(['a2', 'b1']);
    offer('a3');
    pass(scheduler, 99);
    expect(written).toEqual(['a2', 'b1']);
    pass(scheduler, 1);
    expect(written).toEqual(['a2', 'b1', 'a3']);
    expect([leg.delivered, leg.discarded.get('superseded'), leg.held]).toEqual([3, 1, 0]);
  });

  it('has one timer for all keys, and none while nothing waits for the end of a period', () => {
    const { scheduler, far, leg, offer } = sampling();
    expect(scheduler.actions).toHaveLength(0);
    offer('a1', 'b1', 'c1', 'a2');
    expect(scheduler.actions).toHaveLength(1);
    far.isWritable = false;
    pass(scheduler, 100);
    offer('a3');
    expect([leg.depth, scheduler.actions.length]).toEqual([3, 0]);
    offer('d1');
    expect(scheduler.actions).toHaveLength(1);
    leg.dispose();
    expect(scheduler.actions).toHaveLength(0);
  });

  it('gives a newer value the place of one that a slow sink keeps waiting', () => {
    const { sink, scheduler, far, written, offer } = sampling();
    far.isWritable = false;
    offer('a1', 'b1');
    pass(scheduler, 250);
    offer('a2', 'c1');
    far.isWritable = true;
    sink.drain();
    expect(written).toEqual(['a2', 'b1']);
    pass(scheduler, 50);
    expect(written).toEqual(['a2', 'b1', 'c1']);
  });

  it('sends what a lost sink had not confirmed as soon as it is back, if nothing newer came', () => {
    const { leg, sink, scheduler, written, offer } = sampling({}, false);
    offer('a1', 'b1');
    pass(scheduler, 100);
    offer('a2', 'c1');
    sink.lost();
    sink.opened();
    expect(written).toEqual(['a1', 'b1', 'b1']);
    pass(scheduler, 100);
    expect(written).toEqual(['a1', 'b1', 'b1', 'a2', 'c1']);
    expect(leg.discarded.get('superseded')).toBe(1);
  });

  it('gives up the oldest when more keys wait than it has room for', () => {
    const { leg, scheduler, written, offer } = sampling({ capacity: { messages: 2, bytes: 1 << 20 } });
    offer('a1', 'b1', 'c1', 'b2');
    pass(scheduler, 100);
    expect(written).toEqual(['b2', 'c1']);
    expect([leg.peakDepth, leg.discarded.get('drop-oldest')]).toEqual([2, 1]);
  });

  it('waits for no period when it is flushed', () => {
    const { leg, scheduler, written, offer, turn } = sampling();
    offer('a1', 'b1');
    leg.flush();
    turn();
    expect(written).toEqual(['a1', 'b1']);
    expect(scheduler.actions).toHaveLength(0);
    offer('a2');
    expect(written).toEqual(['a1', 'b1']);
    pass(scheduler, 100);
    expect(written).toEqual(['a1', 'b1', 'a2']);
  });
});
