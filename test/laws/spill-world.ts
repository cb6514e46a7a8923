// A broker that waits for acks, a leg that spills and a sink, made real and killed at will; and what must hold of them.

import { VirtualTimeScheduler } from 'rxjs';
import { claim } from '../../operators/claim.ts';
import type { Capabilities, Endpoint } from '../../src/core/endpoint.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Leg } from '../../src/core/leg.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message, RoutePort } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import { rowOf } from '../../src/core/spill-row.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import { pass, turn } from '../virtual-time.ts';
import type { Engine } from './engine.ts';
import { createSpillDisk, type SpillDisk } from './spill-disk.ts';
import type { SpillAction, SpillSpec } from './spill-script.ts';

export interface Breach {
  readonly law: number;
  readonly text: string;
}

const source: Capabilities = {
  source: {
    canPause: true,
    acks: true,
    redelivers: true,
    ordered: 'all',
    scope: 'once',
    carries: 'bytes',
  },
};
const sink: Capabilities = { sink: { confirms: 'accepted', reaches: 'system', carries: 'bytes' } };

/** Longer than the longest pause between two tries of a broken disk. */
const ROUND_MS = 5_000;

/** What lives as long as the process does. */
interface Life {
  readonly scheduler: VirtualTimeScheduler;
  readonly broker: Endpoint;
  readonly sink: Endpoint;
  readonly leg: Leg;
  isOver: boolean;
  isStopping: boolean;
  lane: Lane;
  isPaused: boolean;
  isLost: boolean;
  port: Port;
  pending: { sender: Sender; ticket: number; number: number }[];
  /** What the leg had and was given, in order: what was on disk, then what was emitted. */
  readonly order: number[];
  furthest: number;
  readonly written: Set<number>;
  /** Told or given again: which copy it was is not seen from outside. */
  readonly repeated: Set<number>;
  confirmed: Set<number>;
  holds: number;
  takenSinceHold: number;
  readonly hasFailed: boolean;
}

/** Plays a script, checks the laws after each action and at rest, and returns what broke. */
export async function playSpill(
  engine: Engine,
  spec: SpillSpec,
  script: readonly SpillAction[],
): Promise<readonly Breach[]> {
  const breaches: Breach[] = [];
  const report = (law: number, text: string): void => {
    breaches.push({ law, text });
  };
  /** What the broker has not been told to forget, in its order; and what of it waits to be handed over. */
  let unacked: number[] = [];
  let waiting: { number: number; pad: number; deliveries: number }[] = [];
  const pads = new Map<number, number>();
  const acked = new Set<number>();
  const delivered = new Set<number>();
  const failed = new Set<number>();
  let sent = 0;
  /** Of legs that are gone. */
  let droppedBefore = 0;
  let stalled = false;
  let takesAll = false;
  let life: Life;
  const disk: SpillDisk = createSpillDisk(() => {
    droppedBefore += dropped(life.leg);
    life.isOver = true;
  });

  life = await begin();
  for (const action of script) {
    await perform(action);
    if (life.isOver) life = await begin();
    inspect();
  }
  await comeToRest();
  return breaches;

  async function begin(): Promise<Life> {
    const scheduler = new VirtualTimeScheduler();
    const own = {} as { value: Life };
    const route: RoutePort = {
      name: 'route',
      claimed: () => undefined,
      made: () => undefined,
      discarded: () => undefined,
      overSettled: () => undefined,
      failed(message) {
        if (own.value.isOver) return;
        failed.add(numberOf(message));
        own.value.repeated.add(numberOf(message));
        message.settle(spec.onError === 'discard' ? 'ack' : 'nack');
      },
    };
    const settings = { instance: 'run', scheduler, log: silentLog, maxDeliveries: 3 };
    const broker = new engine.Endpoint(
      { ...settings, name: 'broker', id: 'b', capabilities: source, maxInFlight: spec.maxInFlight },
      (port) => brokerTransport(port, own),
    );
    const far = new engine.Endpoint(
      { ...settings, name: 'sink', id: 's', capabilities: sink, maxInFlight: 1 },
      (port) => sinkTransport(port, own),
    );
    const store = disk.open();
    let hasFailed = false;
    const order = disk.rows.map(({ bytes }) => numberIn(bytes));
    const leg = new engine.Leg(far.outbound, {
      name: 'broker → sink',
      overflow: 'spill',
      capacity: { messages: spec.messages, bytes: spec.bytes },
      spill: {
        store,
        max: spec.max,
        then: spec.then,
        route,
        marshallers: new Map(),
        decode: (message) => message,
        maxDeliveries: 3,
        scheduler,
        random: () => 0.5,
        // Who is held because the disk fails is not held because it is full.
        onFailing: () => {
          hasFailed = true;
        },
      },
    });
    const started: Life = {
      scheduler,
      broker,
      sink: far,
      leg,
      isOver: false,
      isStopping: false,
      lane: broker.inbound.lane({ name: 'all' }),
      isPaused: false,
      isLost: false,
      port: {} as Port,
      pending: [],
      order,
      furthest: -1,
      written: new Set(),
      repeated: new Set(order.filter((number, place) => order.indexOf(number) !== place)),
      confirmed: new Set(),
      holds: 0,
      takenSinceHold: 0,
      get hasFailed() {
        return hasFailed;
      },
    };
    own.value = started;
    if (leg.spill?.restored !== order.length) report(1, `restored ${leg.spill?.restored} of ${order.length}`);
    broker.messages.pipe(claim(route, { maxDeliveries: 3 })).subscribe((message) => {
      if (!started.isOver) emitted(started, message);
    });
    const signal = new AbortController().signal;
    await far.open(signal);
    await broker.open(signal);
    started.port.writable();
    // What was never acked comes again, in its order, before what is new.
    const again = unacked.filter((number) => !waiting.some((other) => other.number === number));
    for (const number of again) started.repeated.add(number);
    waiting = [...again.map((number) => ({ number, pad: pads.get(number) ?? 0, deliveries: 1 })), ...waiting];
    handOver(started);
    return started;
  }

  function brokerTransport(_port: Port, own: { value: Life }): Transport {
    return {
      pause: () => {
        own.value.isPaused = true;
      },
      resume: () => {
        own.value.isPaused = false;
        handOver(own.value);
      },
      settled(_lane, root, status) {
        if (own.value.isOver) return;
        const number = numberOf(root);
        if (status === 'ack') return ackedBy(number);
        if (status === 'reject') {
          unacked = unacked.filter((other) => other !== number);
          return;
        }
        // A process that stops gives back what it holds; it comes again to the next one.
        if (own.value.isStopping) return;
        own.value.repeated.add(number);
        const deliveries = (root.meta.deliveries ?? 1) + 1;
        waiting.unshift({ number, pad: pads.get(number) ?? 0, deliveries });
        own.value.scheduler.schedule(() => handOver(own.value));
      },
    };
  }

  function sinkTransport(port: Port, own: { value: Life }): Transport {
    const isWritable = (): boolean => takesAll || (!stalled && own.value.pending.length < spec.room);
    queueMicrotask(() => {
      own.value.port = port;
    });
    return {
      isWritable,
      write(message, ticket, sender) {
        const number = numberOf(message);
        if (own.value.isOver) return false;
        written(own.value, number);
        if (takesAll || spec.confirms === 'at-once') {
          confirmed(own.value, number);
          return true;
        }
        own.value.pending.push({ sender, ticket, number });
        return false;
      },
    };
  }

  function handOver(to: Life): void {
    while (!to.isOver && !to.isStopping && !to.isPaused) {
      const next = waiting.shift();
      if (next === undefined) return;
      const { number, pad, deliveries } = next;
      const text = `${number}:${'~'.repeat(pad)}`;
      const meta = { id: `id-${number}`, ...(deliveries > 1 ? { deliveries } : {}) };
      to.lane.receiveBytes(Wire.of(Buffer.from(text), true), meta);
    }
  }

  function emitted(to: Life, message: Message): void {
    const { leg, broker } = to;
    const spill = leg.spill;
    const before = spill?.waiting ?? 0;
    const size = rowOf(message).size;
    const number = numberOf(message);
    if (to.order.includes(number)) to.repeated.add(number);
    to.order.push(number);
    leg.offer(message);
    if ((spill?.waiting ?? 0) <= before || to.isOver) return;
    to.takenSinceHold += size;
    if (leg.holds > to.holds) {
      if (to.holds > 0 && !to.hasFailed && to.takenSinceHold < spec.max / 2) {
        report(16, `holds again after ${to.takenSinceHold} of ${spec.max} bytes`);
      }
      to.holds = leg.holds;
      to.takenSinceHold = 0;
    }
    const mustHold =
      (spec.then === 'pause' && (spill?.bytes ?? 0) >= spec.max) || spill?.failing !== undefined;
    if (mustHold && !broker.inbound.gate.isHeld)
      report(7, `is full or failing, and does not hold the broker`);
  }

  function ackedBy(number: number): void {
    unacked = unacked.filter((other) => other !== number);
    acked.add(number);
    const isOnDisk = disk.synced.some(({ bytes }) => numberIn(bytes) === number);
    const mayDrop = spec.then === 'drop-oldest' || spec.then === 'drop-newest';
    if (isOnDisk || delivered.has(number) || failed.has(number) || mayDrop) return;
    report(10, `${number} is acked, neither confirmed nor synced`);
  }

  function written(to: Life, number: number): void {
    if (to.written.has(number)) return;
    to.written.add(number);
    const place = to.order.indexOf(number, to.furthest + 1);
    if (place >= 0) to.furthest = place;
    else if (!to.repeated.has(number)) report(3, `${number} is sent after ${to.order[to.furthest]}`);
  }

  function confirmed(to: Life, number: number): void {
    delivered.add(number);
    to.confirmed.add(number);
  }

  async function perform(action: SpillAction): Promise<void> {
    switch (action.do) {
      case 'hand':
        for (let left = action.count; left > 0; left -= 1) {
          pads.set(sent, action.pad);
          unacked.push(sent);
          waiting.push({ number: sent, pad: action.pad, deliveries: 1 });
          sent += 1;
        }
        return handOver(life);
      case 'turn':
        pass(life.scheduler, 0);
        return afterTurn();
      case 'wait':
        return pass(life.scheduler, action.ms);
      case 'stall':
        stalled = true;
        return;
      case 'flow':
        return freeing(() => {
          stalled = false;
        });
      case 'lose':
        if (life.isLost) return;
        life.isLost = true;
        for (const { number } of life.pending) life.repeated.add(number);
        life.pending = [];
        return life.port.broken(new engine.AraldoError('connection-lost', 'lost on purpose'));
      case 'reopen':
        return reopen();
      case 'refuse': {
        const oldest = life.pending[0];
        if (oldest === undefined) return;
        return freeing(() => {
          life.pending.shift();
          oldest.sender.fail(oldest.ticket, new engine.AraldoError('sink-rejected', 'refused'));
        });
      }
      case 'confirm':
        return freeing(() => confirmSome(action.count));
      case 'break':
        return disk.break(action.what);
      case 'mend':
        return disk.mend();
      case 'crash-at-append':
        return disk.crashAtAppend(action.when);
      case 'crash':
        life.isOver = true;
        droppedBefore += dropped(life.leg);
        return disk.losePower(action.kept);
      case 'restart':
        life.isStopping = true;
        life.leg.spill?.drain();
        life.leg.dispose();
        droppedBefore += dropped(life.leg);
        life.isOver = true;
        return;
      default:
        return action satisfies never;
    }
  }

  function confirmSome(count: number): void {
    for (const { sender, ticket, number } of life.pending.splice(0, count)) {
      confirmed(life, number);
      sender.confirm(ticket);
    }
  }

  /** Does something that may make room, and says so. */
  function freeing(work: () => void): void {
    const own = life;
    work();
    if (!own.isLost && !own.isOver) own.port.writable();
  }

  async function reopen(): Promise<void> {
    if (!life.isLost) return;
    life.isLost = false;
    await life.sink.open(new AbortController().signal);
  }

  function inspect(): void {
    const { leg } = life;
    const discarded = [...leg.discarded.values()].reduce((sum, count) => sum + count, 0);
    const ended = leg.delivered + leg.failed + discarded;
    if (leg.received !== ended + leg.held) {
      report(1, `received ${leg.received} is not ${ended} ended and ${leg.held} held`);
    }
    // What was sent and comes back from a lost sink is admitted.
    if (leg.depth > 2 * spec.messages) report(7, `${leg.depth} wait in memory, of ${spec.messages}`);
    const { bytes = 0, messages = 0, failing } = leg.spill ?? {};
    const isBounded = spec.then === 'drop-newest' || spec.then === 'error';
    if (isBounded && bytes > spec.max && messages > 1) report(7, `${bytes} bytes on disk, of ${spec.max}`);
    if (failing === undefined && leg.isHolding && spec.then !== 'pause') report(12, 'holds for nothing');
  }

  /** What was settled in a turn is off the disk in the next one: a crash repeats no more than that. */
  function afterTurn(): void {
    if (!disk.isSound || life.leg.spill?.failing !== undefined || life.isOver) return;
    for (const { bytes } of disk.rows) {
      const number = numberIn(bytes);
      if (life.confirmed.has(number) && !life.repeated.has(number)) {
        report(17, `${number} is confirmed, and on disk a turn later`);
      }
    }
  }

  async function comeToRest(): Promise<void> {
    disk.mend();
    takesAll = true;
    stalled = false;
    for (let round = 0; round < 60; round += 1) {
      await reopen();
      freeing(() => confirmSome(life.pending.length));
      pass(life.scheduler, ROUND_MS);
      if (life.isOver) life = await begin();
      await turn();
      inspect();
      if (waiting.length + life.leg.held + unacked.length + disk.rows.length === 0) break;
    }
    const { leg, broker } = life;
    if (leg.held > 0) report(12, `holds ${leg.held} at rest`);
    if (!broker.inbound.gate.isOpen || leg.isHolding) report(12, 'the gate is shut at rest');
    if (waiting.length > 0 || unacked.length > 0) report(12, `${unacked.length} are not acked at rest`);
    if (disk.rows.length > 0) report(12, `${disk.rows.length} are on disk at rest`);
    const lost = [...Array(sent).keys()].filter((number) => !delivered.has(number) && !failed.has(number));
    const most = droppedBefore + dropped(leg);
    if (lost.length > most) report(17, `${lost.join(', ')} of ${sent} are lost; ${most} were dropped`);
  }
}

function dropped(leg: Leg): number {
  return (leg.discarded.get('drop-oldest') ?? 0) + (leg.discarded.get('drop-newest') ?? 0);
}

function numberOf(message: Message): number {
  return Number.parseInt(String(message.payload), 10);
}

function numberIn(bytes: Uint8Array): number {
  return Number.parseInt(Buffer.from(bytes).toString(), 10);
}
