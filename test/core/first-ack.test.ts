import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { type Branch, FanOut } from '../../src/core/fan-out.ts';
import { Leg, type LegOptions } from '../../src/core/leg.ts';
import { Sink } from '../../src/core/sink.ts';
import { createLedger } from '../operators/ledger.ts';

const no = new AraldoError('sink-rejected', 'no');

/** A fan-out that acks first, to sinks that confirm by hand. */
function acking(options: readonly (Partial<LegOptions> & Pick<Branch, 'when'>)[]) {
  const ledger = createLedger();
  const legs = options.map(({ when: _when, ...own }, place) => {
    const sink = new Sink('sink', new VirtualTimeScheduler(), { isWritable: () => true, write: () => false });
    sink.opened();
    const capacity = { messages: 4, bytes: 1 << 20 };
    return new Leg(sink, { name: `leg ${place}`, overflow: 'pause', capacity, tellsOrigin: true, ...own });
  });
  const fanOut = new FanOut(
    legs.map((leg, place) => ({ leg, when: options[place]?.when })),
    { acksFirst: true },
  );
  return { ledger, legs, fanOut, leg: (place: number) => legs[place] as Leg };
}

describe('a fan-out that acks first', () => {
  it('acks a message when the first leg is confirmed, and counts what the others do', () => {
    const { ledger, fanOut, leg } = acking([{}, {}, {}]);
    fanOut.offer(ledger.claimed('a'));
    expect(ledger.statuses).toEqual(['open']);
    leg(1).confirm(0);
    expect(ledger.statuses).toEqual(['ack']);
    leg(0).fail(0, no);
    leg(2).confirm(0);
    expect([leg(0).failed, leg(2).delivered, ledger.failed.length]).toEqual([1, 1, 1]);
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('waits for the others when the first fails, and settles with the worst when all have', () => {
    const { ledger, fanOut, leg } = acking([{}, {}]);
    fanOut.offer(ledger.claimed('a'));
    fanOut.offer(ledger.claimed('b'));
    leg(0).fail(0, no);
    expect(ledger.statuses).toEqual(['open', 'open']);
    leg(1).confirm(0);
    expect(ledger.statuses).toEqual(['ack', 'open']);
    leg(0).fail(1, no);
    leg(1).fail(1, no);
    expect(ledger.statuses).toEqual(['ack', 'reject']);
  });

  it('is not acked by a leg that filters it, or may lose it, as long as another may confirm it', () => {
    const { ledger, fanOut, leg } = acking([{ when: () => false }, { overflow: 'drop-oldest' }, {}]);
    fanOut.offer(ledger.claimed('a'));
    expect(ledger.statuses).toEqual(['open']);
    leg(1).confirm(0);
    expect(ledger.statuses).toEqual(['open']);
    leg(2).confirm(0);
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('is acked when no leg is left that could confirm it', () => {
    const { ledger, fanOut } = acking([{ when: () => false }, { overflow: 'drop-oldest' }]);
    fanOut.offer(ledger.claimed('a'));
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('nacks a message that all legs give back', () => {
    const { ledger, fanOut, legs } = acking([{}, {}]);
    fanOut.offer(ledger.claimed('a'));
    for (const leg of legs) leg.dispose();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it.each([
    ['fails at one leg and then is given back by the other', [0, 1]],
    ['is given back by one leg and then fails at the other', [1, 0]],
  ])('rejects a message that %s', (_case, order) => {
    const { ledger, fanOut, leg } = acking([{}, {}]);
    fanOut.offer(ledger.claimed('a'));
    for (const place of order) {
      if (place === 0) leg(0).fail(0, no);
      else leg(1).dispose();
    }
    expect(ledger.statuses).toEqual(['reject']);
  });

  it('holds the source of the message while a leg is full', () => {
    const { ledger, fanOut } = acking([{}, {}]);
    for (let n = 0; n < 8; n += 1) fanOut.offer(ledger.claimed(n));
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['leg 0', 'leg 1']);
  });

  it('lets a message fail at the leg whose condition throws', () => {
    const throws = (): boolean => {
      throw new Error('no');
    };
    const { ledger, fanOut, leg } = acking([{ when: throws }, {}]);
    fanOut.offer(ledger.claimed('a'));
    expect([leg(0).failed, ledger.statuses]).toEqual([1, ['open']]);
    leg(1).confirm(0);
    expect(ledger.statuses).toEqual(['ack']);
  });
});
