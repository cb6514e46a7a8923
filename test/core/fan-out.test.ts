import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { FanOut } from '../../src/core/fan-out.ts';
import { Leg } from '../../src/core/leg.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import type { Message } from '../../src/core/message.ts';
import { Sink } from '../../src/core/sink.ts';
import { createLedger } from '../operators/ledger.ts';

function sinkThat(write: (message: Message) => void) {
  const sink = new Sink('sink', new VirtualTimeScheduler(), {
    isWritable: () => true,
    write(message) {
      write(message);
      return true;
    },
  });
  sink.opened();
  return new Leg(sink, { name: 'leg', overflow: 'pause', capacity: { messages: 8, bytes: 1 << 20 } });
}

function legTo(received: unknown[]): Leg {
  return sinkThat(({ payload }) => received.push(payload));
}

describe('fan-out', () => {
  it('gives each leg the message, and settles it once, though the first leg is done before the next begins', () => {
    const ledger = createLedger();
    const received: unknown[] = [];
    const fanOut = new FanOut([1, 2, 3].map(() => ({ leg: legTo(received) })));
    fanOut.offer(ledger.claimed('x'));
    expect(received).toEqual(['x', 'x', 'x']);
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('discards what has nowhere to go', () => {
    const ledger = createLedger();
    new FanOut([]).offer(ledger.claimed('x'));
    expect([ledger.discarded, ledger.statuses]).toEqual([['no-sink'], ['ack']]);
  });

  it('keeps one order for all legs when an offer leads back to it', () => {
    const ledger = createLedger();
    const [one, other]: [unknown[], unknown[]] = [[], []];
    const echo = sinkThat(({ payload }) => {
      one.push(payload);
      if (payload === 'a') fanOut.offer(ledger.claimed('echo of a'));
    });
    const fanOut = new FanOut([{ leg: echo }, { leg: legTo(other) }]);
    fanOut.offer(ledger.claimed('a'));
    fanOut.offer(ledger.claimed('b'));
    expect(one).toEqual(['a', 'echo of a', 'b']);
    expect(other).toEqual(one);
    expect(fanOut.held).toBe(0);
  });

  it('counts as filtered at a leg what it does not want, and fails there what cannot be told', () => {
    const ledger = createLedger();
    const received: unknown[] = [];
    const picky = legTo(received);
    const broken = legTo(received);
    const fanOut = new FanOut([
      { leg: picky, when: ({ payload }) => payload !== 'x' },
      {
        leg: broken,
        when() {
          throw new Error('no such key');
        },
      },
      { leg: legTo(received) },
    ]);
    fanOut.offer(ledger.claimed('x'));
    expect(received).toEqual(['x']);
    expect(picky.discarded.get('filtered')).toBe(1);
    expect([broken.received, broken.failed]).toEqual([1, 1]);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['step-failed']);
    expect(ledger.statuses).toEqual(['reject']);
  });

  it('marshals once for all legs with the same marshaller', () => {
    const ledger = createLedger();
    const received: unknown[] = [];
    let count = 0;
    const marshaller = { name: 'json' } as Marshaller;
    const other = { name: 'other' } as Marshaller;
    const branch = (by: Marshaller) => ({
      leg: legTo(received),
      marshaller: by,
      marshal(message: Message): Message {
        count += 1;
        return message.with(`${message.payload as string} by ${by.name}`);
      },
    });
    new FanOut([branch(marshaller), branch(marshaller), branch(other)]).offer(ledger.claimed('x'));
    expect(received).toEqual(['x by json', 'x by json', 'x by other']);
    expect(count).toBe(2);
  });

  it('goes on with what had come back before a plugin threw, before what comes next', () => {
    const ledger = createLedger();
    const received: unknown[] = [];
    let isBroken = true;
    const echo = sinkThat(({ payload }) => {
      received.push(payload);
      if (payload === 'a') fanOut.offer(ledger.claimed('echo of a'));
    });
    const broken = new Sink('broken', new VirtualTimeScheduler(), {
      isWritable() {
        if (isBroken) throw new Error('a plugin');
        return true;
      },
      write: () => true,
    });
    broken.opened();
    const capacity = { messages: 8, bytes: 1 << 20 };
    const other = new Leg(broken, { name: 'broken', overflow: 'pause', capacity });
    const fanOut = new FanOut([{ leg: echo }, { leg: other }]);
    expect(() => fanOut.offer(ledger.claimed('a'))).toThrow('a plugin');
    expect(fanOut.held).toBe(1);
    isBroken = false;
    fanOut.offer(ledger.claimed('b'));
    expect(received).toEqual(['a', 'echo of a', 'b']);
    expect(fanOut.held).toBe(0);
  });

  it('goes on after a plugin has thrown', () => {
    const ledger = createLedger();
    const received: unknown[] = [];
    let isBroken = true;
    const sink = new Sink('sink', new VirtualTimeScheduler(), {
      isWritable() {
        if (isBroken) throw new Error('a plugin');
        return true;
      },
      write: ({ payload }) => received.push(payload) > 0,
    });
    sink.opened();
    const capacity = { messages: 8, bytes: 1 << 20 };
    const fanOut = new FanOut([{ leg: new Leg(sink, { name: 'leg', overflow: 'pause', capacity }) }]);
    expect(() => fanOut.offer(ledger.claimed('a'))).toThrow('a plugin');
    isBroken = false;
    fanOut.offer(ledger.claimed('b'));
    expect(received).toEqual(['b']);
  });
});
