import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fallback, hashed, roundRobin } from '../../src/core/choice.ts';
import type { Branch, Choose } from '../../src/core/fan-out.ts';
import { FanOut } from '../../src/core/fan-out.ts';
import { Leg, type LegOptions } from '../../src/core/leg.ts';
import type { Message } from '../../src/core/message.ts';
import { Sink } from '../../src/core/sink.ts';
import { createLedger } from '../operators/ledger.ts';
import { pass } from '../virtual-time.ts';

interface Far {
  readonly leg: Leg;
  readonly sink: Sink;
  readonly written: unknown[];
  isStalled: boolean;
}

/** A fan-out of one choice among sinks that take all, unless they are stalled or lost. */
function choosing(
  choose: (branches: readonly Branch[]) => Choose,
  options: readonly (Partial<LegOptions> & Pick<Branch, 'when'>)[] = [{}, {}, {}],
) {
  const ledger = createLedger();
  const scheduler = new VirtualTimeScheduler();
  const fars = options.map(({ when: _when, ...leg }, place): Far => {
    const written: unknown[] = [];
    const far = { written, isStalled: false };
    const sink = new Sink(`sink ${place}`, scheduler, {
      isWritable: () => !far.isStalled,
      write: ({ payload }) => written.push(payload) > 0,
    });
    sink.opened();
    const capacity = { messages: 2, bytes: 1 << 20 };
    return Object.assign(far, {
      sink,
      leg: new Leg(sink, { name: `leg ${place}`, overflow: 'pause', capacity, ...leg }),
    });
  });
  const branches = fars.map(({ leg }, place): Branch => ({ leg, when: options[place]?.when }));
  const fanOut = new FanOut([choose(branches)]);
  return {
    fars,
    ledger,
    holders: () => [...ledger.holders].map(({ name }) => name),
    offer: (...payloads: unknown[]) => {
      for (const payload of payloads) fanOut.offer(ledger.claimed(payload));
    },
    written: () => fars.map(({ written }) => written),
    received: () => fars.map(({ leg }) => leg.received),
    turn: () => pass(scheduler, 0),
  };
}

const at = (fars: readonly Far[], place: number): Far => fars[place] as Far;
const isEven = ({ payload }: Message): boolean => (payload as number) % 2 === 0;

describe('roundRobin', () => {
  it('gives each message to one branch, in turn, and to no other', () => {
    const { offer, written, ledger } = choosing(roundRobin);
    offer(1, 2, 3, 4, 5, 6, 7);
    expect(written()).toEqual([
      [1, 4, 7],
      [2, 5],
      [3, 6],
    ]);
    expect(new Set(ledger.statuses)).toEqual(new Set(['ack']));
  });

  it('leaves out a sink that is down, and takes it in again', () => {
    const { fars, offer, written, received } = choosing(roundRobin);
    at(fars, 1).sink.lost();
    offer(1, 2, 3, 4);
    expect(written()).toEqual([[1, 3], [], [2, 4]]);
    at(fars, 1).sink.opened();
    offer(5, 6, 7);
    expect(received()).toEqual([3, 1, 3]);
  });

  it('leaves out a leg that is full, whose source need not wait then', () => {
    const { fars, offer, written, holders } = choosing(roundRobin);
    at(fars, 0).isStalled = true;
    offer(1, 2, 3, 4, 5, 6, 7, 8);
    expect(written()).toEqual([[], [2, 5, 7], [3, 6, 8]]);
    expect(at(fars, 0).leg.depth).toBe(2);
    expect(holders()).toEqual([]);
  });

  it('fills the buffers of sinks that are all down, and then holds the source', () => {
    const { fars, offer, holders, received } = choosing(roundRobin);
    for (const { sink } of fars) sink.lost();
    offer(1, 2, 3, 4, 5);
    expect(holders()).toEqual([]);
    offer(6);
    expect(received()).toEqual([2, 2, 2]);
    expect(holders()).toEqual(['leg 2']);
  });

  it('lets the source go as soon as one of them is half empty, whoever holds it', () => {
    const { fars, offer, holders } = choosing(roundRobin);
    for (const { sink } of fars) sink.lost();
    offer(1, 2, 3, 4, 5, 6);
    at(fars, 0).sink.opened();
    expect(holders()).toEqual([]);
  });

  it('holds the source on while one of them is half empty that does not take what is waiting', () => {
    const isOdd = (message: Message): boolean => !isEven(message);
    const { fars, offer, holders } = choosing(roundRobin, [{ when: isEven }, { when: isOdd }]);
    for (const { sink } of fars) sink.lost();
    offer(2, 4, 1);
    expect(holders()).toEqual(['leg 0']);
    at(fars, 1).sink.opened();
    expect(holders()).toEqual(['leg 0']);
    at(fars, 0).sink.opened();
    expect(holders()).toEqual([]);
  });

  it('counts as filtered what is for none of them, once', () => {
    const { offer, written, received, fars } = choosing(roundRobin, [{ when: isEven }, { when: isEven }]);
    offer(1, 2, 3, 4);
    expect(written()).toEqual([[], [2, 4]]);
    expect(received().reduce((sum, count) => sum + count)).toBe(4);
    expect(
      fars.map(({ leg }) => leg.discarded.get('filtered') ?? 0).reduce((sum, count) => sum + count),
    ).toBe(2);
  });
});

describe('fallback', () => {
  it('gives all to the first while it can take them', () => {
    const { offer, written } = choosing(fallback);
    offer(1, 2, 3);
    expect(written()).toEqual([[1, 2, 3], [], []]);
  });

  it('gives to the second while the first is down, and back to the first when it is up', () => {
    const { fars, offer, written } = choosing(fallback);
    at(fars, 0).sink.lost();
    offer(1, 2);
    at(fars, 0).sink.opened();
    offer(3);
    expect(written()).toEqual([[3], [1, 2], []]);
  });

  it('gives to the second while the first is full', () => {
    const { fars, offer, written, holders, turn } = choosing(fallback);
    at(fars, 0).isStalled = true;
    offer(1, 2, 3, 4);
    expect(written()).toEqual([[], [3, 4], []]);
    expect(holders()).toEqual([]);
    at(fars, 0).isStalled = false;
    at(fars, 0).sink.drain();
    turn();
    offer(5);
    expect(written()).toEqual([[1, 2, 5], [3, 4], []]);
  });

  it('fills the first buffer that has room while all are down', () => {
    const { fars, offer, received, holders } = choosing(fallback);
    for (const { sink } of fars) sink.lost();
    offer(1, 2, 3, 4, 5, 6);
    expect(received()).toEqual([2, 2, 2]);
    expect(holders()).toHaveLength(1);
    offer(7);
    expect(received()).toEqual([3, 2, 2]);
  });

  it('asks the condition of each: what is not for the first goes to the next', () => {
    const { offer, written } = choosing(fallback, [{ when: isEven }, {}]);
    offer(1, 2, 3);
    expect(written()).toEqual([[2], [1, 3]]);
  });

  it('holds the source for a full leg with a condition, since no other may take what is for it alone', () => {
    const { fars, offer, holders } = choosing(fallback, [
      { when: isEven },
      { when: (message) => !isEven(message) },
    ]);
    at(fars, 0).isStalled = true;
    offer(2, 4);
    expect(holders()).toEqual(['leg 0']);
  });

  it('holds nothing for a full leg with a condition while one without takes what is for it', () => {
    const { fars, offer, holders, written } = choosing(fallback, [{ when: isEven }, {}]);
    at(fars, 0).isStalled = true;
    offer(2, 4, 6, 1);
    expect([written(), holders()]).toEqual([[[], [6, 1]], []]);
    at(fars, 1).isStalled = true;
    offer(8, 10);
    expect(holders()).toEqual(['leg 1']);
    at(fars, 1).isStalled = false;
    at(fars, 1).sink.drain();
    expect(holders()).toEqual([]);
  });

  it('shares out among branches with the same condition, as those of one route have', () => {
    const { fars, offer, holders } = choosing(fallback, [{ when: isEven }, { when: isEven }]);
    at(fars, 0).isStalled = true;
    offer(2, 4, 6);
    expect(holders()).toEqual([]);
  });

  it('lets a message fail whose condition throws, and takes the next', () => {
    const throws = ({ payload }: Message): boolean => (payload as { n: { m: boolean } }).n.m;
    const { offer, written, ledger } = choosing(fallback, [{ when: throws }, {}]);
    offer({}, { n: { m: true } });
    expect(ledger.statuses).toEqual(['reject', 'ack']);
    expect(written()).toEqual([[{ n: { m: true } }], []]);
  });
});

describe('hashed', () => {
  const byPayload = (branches: readonly Branch[]): Choose =>
    hashed(branches, ({ payload }) => payload, ['a', 'b', 'c']);

  it('gives equal keys to the same branch, down or full or not', () => {
    const { fars, offer, received, holders } = choosing(byPayload);
    offer('x', 'y', 'z', { k: 1 }, 'w');
    const once = received();
    for (const { sink } of fars) sink.lost();
    offer('x', 'y', 'z', { k: 1 }, 'w');
    expect(received()).toEqual(once.map((count) => count * 2));
    expect(holders().length).toBeGreaterThan(0);
  });

  it('shares keys out among them', () => {
    const { offer, received } = choosing(byPayload);
    offer(...Array.from({ length: 300 }, (_, key) => `key ${key}`));
    for (const count of received()) expect(count).toBeGreaterThan(60);
  });

  it('lets a message fail whose key cannot be told', () => {
    const key = ({ payload }: Message): unknown => (payload as { id: string }).id;
    const { offer, ledger } = choosing((branches) => hashed(branches, key, ['a', 'b', 'c']));
    offer(null, { id: 'x' });
    expect(ledger.statuses).toEqual(['reject', 'ack']);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['step-failed']);
  });

  it('passes over a branch that the message is not for', () => {
    const never = (): boolean => false;
    const { offer, received } = choosing(
      (branches) => hashed(branches, ({ payload }) => payload, ['a', 'b']),
      [{ when: never }, {}],
    );
    offer('x', 'y', 'z', 'v', 'w');
    expect(received()).toEqual([0, 5]);
  });
});

describe('a fan-out with a choice and others', () => {
  it('acks a message when the chosen one and all others have it', () => {
    const ledger = createLedger();
    const scheduler = new VirtualTimeScheduler();
    const tickets: number[] = [];
    const sinkOf = (confirms: boolean): Sink => {
      const sink = new Sink('sink', scheduler, {
        isWritable: () => true,
        write(_message, ticket) {
          tickets.push(ticket);
          return confirms;
        },
      });
      sink.opened();
      return sink;
    };
    const capacity = { messages: 2, bytes: 1 << 20 };
    const [one, two, three] = [true, true, false].map(
      (confirms) => new Leg(sinkOf(confirms), { name: 'leg', overflow: 'pause', capacity }),
    ) as [Leg, Leg, Leg];
    new FanOut([roundRobin([{ leg: one }, { leg: two }]), { leg: three }]).offer(ledger.claimed('a'));
    expect(ledger.statuses).toEqual(['open']);
    three.confirm(tickets[1] as number);
    expect(ledger.statuses).toEqual(['ack']);
    expect([one.received, two.received, three.received]).toEqual([1, 0, 1]);
  });
});
