import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Leg } from '../../src/core/leg.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { Message, type Meta, type Origin, type RoutePort } from '../../src/core/message.ts';
import { Sink } from '../../src/core/sink.ts';
import type { SpillOptions } from '../../src/core/spill.ts';
import { Wire } from '../../src/core/wire.ts';
import { createSpillDisk, type SpillDisk } from '../laws/spill-disk.ts';
import { pass } from '../virtual-time.ts';

const json: Marshaller = {
  name: 'json',
  isText: true,
  envelope: false,
  marshal: (value) => Buffer.from(JSON.stringify(value)),
  unmarshal: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
};

const newDisk = (): SpillDisk => createSpillDisk(() => undefined);

/** A leg that spills in front of a sink whose mood is set by hand. */
function setUp({
  disk = newDisk(),
  messages = 2,
  ...more
}: Partial<SpillOptions> & { disk?: SpillDisk; messages?: number } = {}) {
  const scheduler = new VirtualTimeScheduler();
  const sent: Message[] = [];
  const failures: Message[] = [];
  const acked: unknown[] = [];
  const held: string[] = [];
  const told: string[] = [];
  const sink = { isWritable: false, fails: false };
  const route: RoutePort = {
    name: 'orders',
    claimed: () => undefined,
    made: () => undefined,
    discarded: () => undefined,
    failed: (message) => {
      failures.push(message);
    },
  };
  const origin: Origin = {
    address: 'source',
    valve: { hold: ({ name }) => held.push(name), release: () => held.splice(0) },
    settled: (root, status) => acked.push(status === 'ack' ? root.payload : status),
  };
  const outbound = new Sink('archive', scheduler, {
    isWritable: () => sink.isWritable,
    write(message) {
      if (sink.fails) throw new Error('refused');
      sent.push(message);
      return true;
    },
  });
  const leg = new Leg(outbound, {
    name: 'orders → archive',
    overflow: 'spill',
    capacity: { messages, bytes: 1 << 20 },
    spill: {
      store: disk.open(),
      max: 1 << 20,
      then: 'pause',
      route,
      marshallers: new Map([['json', json]]),
      decode: (message) => message,
      maxDeliveries: 3,
      scheduler,
      random: () => 0,
      onFailing: ({ message }) => told.push(message),
      onRecovered: () => told.push('recovered'),
      ...more,
    },
  });
  outbound.opened();
  const offer = (payload: unknown, meta: Meta = {}): void => {
    const root = Message.root(payload, meta, origin, 0);
    const message = root.claim(route);
    root.emitted();
    leg.offer(message.wire === undefined ? withBytes(message) : message);
  };
  const flow = (): void => {
    sink.isWritable = true;
    outbound.drain();
    pass(scheduler, 10);
  };
  const turn = (ms = 0): void => pass(scheduler, ms);
  const payloads = (): unknown[] => sent.map(({ payload }) => payload);
  return { leg, disk, sink, sent, payloads, failures, acked, held, told, offer, flow, turn };
}

function withBytes(message: Message): Message {
  return message.withWire(message.payload, Wire.of(json.marshal(message.payload), true, json));
}

describe('a leg that spills', () => {
  it('touches no disk while its sink keeps up', () => {
    const { leg, disk, sink, offer, turn, acked } = setUp();
    sink.isWritable = true;
    for (let n = 0; n < 10; n += 1) offer(n);
    turn();
    expect([disk.rows.length, leg.spill?.spilled, leg.delivered, acked.length]).toEqual([0, 0, 10, 10]);
  });

  it('acks what it has no room for in memory when it is on disk, and the rest when it is sent', () => {
    const { disk, offer, turn, flow, acked } = setUp();
    for (let n = 0; n < 5; n += 1) offer(n);
    expect(acked).toEqual([]);
    turn();
    expect(disk.synced).toHaveLength(3);
    expect(acked).toEqual([2, 3, 4]);
    flow();
    expect(acked).toEqual([2, 3, 4, 0, 1]);
    expect(disk.rows).toEqual([]);
  });

  it('needs no disk for a burst that its sink has taken before the turn ends', () => {
    const { disk, leg, sink, offer, flow, payloads } = setUp();
    for (let n = 0; n < 4; n += 1) offer(n);
    expect(leg.held).toBe(4);
    flow();
    expect(payloads()).toEqual([0, 1, 2, 3]);
    expect([disk.rows.length, leg.spill?.spilled, sink.isWritable]).toEqual([0, 0, true]);
  });

  it('goes on writing to disk until that is empty, so that order holds', () => {
    const { leg, disk, sink, offer, turn, payloads, flow } = setUp();
    for (let n = 0; n < 6; n += 1) offer(n);
    turn();
    sink.isWritable = true;
    disk.break('read');
    turn();
    offer(6);
    disk.mend();
    flow();
    offer(7);
    expect(payloads().map(Number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(leg.spill?.messages).toBe(0);
  });

  it('sends first what a former run has left, with its meta, its bytes and their marshaller', () => {
    const { disk, offer, turn, leg } = setUp({ messages: 1 });
    const meta = { id: 'order-7', key: 'k', headers: { tenant: 'acme' }, channel: 'orders' };
    offer('first');
    offer({ total: 3 }, meta);
    turn();
    leg.dispose();

    const next = setUp({ disk });
    expect([next.leg.received, next.leg.held, next.leg.spill?.restored]).toEqual([1, 1, 1]);
    next.offer('new');
    next.flow();
    const [message] = next.sent;
    expect(next.sent.map(({ id }) => id).slice(0, 1)).toEqual(['order-7']);
    expect(message?.meta).toEqual(meta);
    expect(message?.wire?.marshaller).toBe(json);
    expect(String(message?.wire?.bytes)).toBe('{"total":3}');
  });

  it('gives a message that fails the payload that its bytes stand for', () => {
    const decode = (message: Message): Message =>
      message.withWire(json.unmarshal(message.wire?.bytes ?? Buffer.of()), message.wire as Wire);
    const { offer, turn, flow, sink, failures, disk } = setUp({ messages: 1, decode });
    offer('first');
    offer({ total: 3 });
    turn();
    sink.fails = true;
    flow();
    expect(failures.map(({ payload }) => payload)).toEqual(['first', { total: 3 }]);
    expect(disk.rows).toHaveLength(1);
    failures[1]?.ack();
    turn();
    expect(disk.rows).toHaveLength(0);
  });

  it('tries a message that is nacked from disk again, max-deliveries times in all', () => {
    const { offer, turn, flow, sink, failures, disk, leg } = setUp({ messages: 1 });
    offer('first');
    offer('second');
    turn();
    sink.fails = true;
    flow();
    for (let tries = 1; tries <= 3; tries += 1) {
      expect(failures).toHaveLength(tries + 1);
      failures.at(-1)?.nack();
      turn(10);
    }
    expect(failures.map(({ meta }) => meta.deliveries)).toEqual([undefined, undefined, 2, 3]);
    expect([failures.length, disk.rows.length, leg.held]).toEqual([4, 0, 0]);
    expect(leg.received).toBe(leg.failed);
  });

  it('reads nothing while the place of a message that failed is held', () => {
    const { offer, turn, flow, sink, failures, payloads } = setUp({ messages: 1 });
    for (let n = 0; n < 4; n += 1) offer(n);
    turn();
    sink.fails = true;
    flow();
    const holder = { name: 'on-error' };
    const spilled = failures[1] as Message;
    spilled.origin.valve.hold(holder);
    sink.fails = false;
    const before = payloads().length + failures.length;
    turn(100);
    expect(payloads().length + failures.length).toBe(before);
    spilled.origin.valve.release(holder);
    turn(100);
    expect(payloads().length + failures.length).toBe(4);
  });

  it('holds its sources while the disk fails, tries again and says both', () => {
    const { disk, offer, turn, acked, held, told, leg } = setUp();
    disk.break('append');
    for (let n = 0; n < 4; n += 1) offer(n);
    turn();
    expect([acked, held]).toEqual([[], ['orders → archive']]);
    expect(leg.spill?.failing?.code).toBe('spill-failed');
    turn(10_000);
    expect(told).toEqual(['the disk cannot append']);
    disk.mend();
    turn(4_000);
    expect([acked, held]).toEqual([[2, 3], []]);
    expect(told).toEqual(['the disk cannot append', 'recovered']);
    expect(leg.spill?.failing).toBeUndefined();
  });

  it('gives back at its end what it could not write', () => {
    const { disk, offer, acked, leg } = setUp();
    disk.break('append');
    for (let n = 0; n < 3; n += 1) offer(n);
    leg.dispose();
    expect(acked).toEqual(['nack', 'nack', 'nack']);
    expect(leg.received).toBe(leg.discarded.get('closed'));
  });

  it('leaves on disk at its end what is there, and writes what was on its way', () => {
    const { disk, offer, acked, leg } = setUp();
    for (let n = 0; n < 4; n += 1) offer(n);
    leg.dispose();
    expect(acked).toEqual([2, 3, 'nack', 'nack']);
    expect(disk.rows).toHaveLength(2);
  });

  it('reads nothing more once it drains', () => {
    const { disk, offer, turn, flow, leg, payloads } = setUp();
    for (let n = 0; n < 6; n += 1) offer(n);
    turn();
    leg.spill?.drain();
    flow();
    expect(payloads()).toEqual([0, 1]);
    expect([disk.rows.length, leg.held, leg.spill?.safe]).toEqual([4, 4, 4]);
  });

  it('fails a message whose meta has no form on disk, and no other', () => {
    const { offer, turn, failures, disk, leg } = setUp({ messages: 1 });
    offer('first');
    offer('second', { count: 1n });
    offer('third');
    turn();
    expect(failures.map(({ payload }) => payload)).toEqual(['second']);
    expect([disk.rows.length, leg.failed, leg.held]).toEqual([1, 1, 2]);
  });

  it('cannot be made without a disk', () => {
    const sink = new Sink('archive', new VirtualTimeScheduler());
    const make = () => new Leg(sink, { name: 'leg', overflow: 'spill', capacity: { messages: 1, bytes: 1 } });
    expect(make).toThrow('leg: expected spill options, for overflow is spill');
  });
});
