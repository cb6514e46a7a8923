import { beforeEach, describe, expect, it } from 'vitest';
import type { Incoming } from '../../../plugins/endpoint-mqtt/connection.ts';
import { createLedger, type Ledger } from '../../../plugins/endpoint-mqtt/ledger.ts';

const message = (packetId: number, text: string, more: Partial<Incoming> = {}): Incoming => ({
  topic: 'a',
  payload: Buffer.from(text),
  qos: 1,
  isRetained: false,
  isDuplicate: false,
  packetId,
  properties: undefined,
  ...more,
});
const again = { isDuplicate: true };

describe('endpoint-mqtt › ledger', () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = createLedger();
    ledger.begin(false);
  });

  it('answers to a message when it is settled, once', () => {
    expect(ledger.arrive(message(7, 'one'), 0)).toBe('deliver');
    expect(ledger.settle(0)).toMatchObject({ packetId: 7, qos: 1 });
    expect(ledger.settle(0)).toBeUndefined();
    expect(ledger.size).toBe(0);
  });

  it('waits for the route when the broker sends again what the route still has', () => {
    ledger.arrive(message(7, 'one'), 0);
    ledger.begin(true);
    expect(ledger.arrive(message(7, 'one', again), 1)).toBe('wait');
    expect(ledger.settle(0)).toMatchObject({ packetId: 7 });
  });

  it('does not answer on a new connection before the broker has sent it again', () => {
    ledger.arrive(message(7, 'one'), 0);
    ledger.begin(true);
    expect(ledger.settle(0)).toBeUndefined();
    expect(ledger.arrive(message(7, 'one', again), 1)).toBe('answer');
  });

  it('delivers another message under a packet id that comes again, and answers for that one alone', () => {
    ledger.arrive(message(7, 'one'), 0);
    ledger.begin(true);
    expect(ledger.arrive(message(7, 'two', again), 1)).toBe('deliver');
    expect(ledger.settle(0)).toBeUndefined();
    expect(ledger.settle(1)).toMatchObject({ packetId: 7 });
  });

  it('forgets all with the session', () => {
    ledger.arrive(message(7, 'one'), 0);
    ledger.begin(false);
    expect(ledger.settle(0)).toBeUndefined();
    expect(ledger.arrive(message(7, 'one', again), 1)).toBe('deliver');
  });

  it('delivers a message of QoS 2 once, until the broker releases its packet id', () => {
    const two = { qos: 2 } as const;
    ledger.arrive(message(7, 'one', two), 0);
    expect(ledger.settle(0)).toMatchObject({ packetId: 7, qos: 2 });
    ledger.begin(true);
    expect(ledger.arrive(message(7, 'one', { ...two, ...again }), 1)).toBe('answer');
    ledger.release(7);
    expect(ledger.arrive(message(7, 'one', { ...two, ...again }), 2)).toBe('deliver');
  });

  it('answers to what was delivered again, when that is settled', () => {
    ledger.arrive(message(7, 'one'), 0);
    ledger.move(0, 1);
    expect(ledger.settle(0)).toBeUndefined();
    expect(ledger.settle(1)).toMatchObject({ packetId: 7 });
  });
});
