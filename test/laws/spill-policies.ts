// Law 8 for legs that spill: what a full disk part keeps, compared with an array.

import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { Message, type RoutePort } from '../../src/core/message.ts';
import { Sink } from '../../src/core/sink.ts';
import type { SpillThen } from '../../src/core/spill.ts';
import { rowOf } from '../../src/core/spill-row.ts';
import { pass } from '../virtual-time.ts';
import type { Engine } from './engine.ts';
import { createSpillDisk } from './spill-disk.ts';

interface Kept {
  readonly sent: readonly number[];
  readonly failed: number;
}

interface Case {
  readonly capacity: number;
  readonly max: number;
  readonly then: SpillThen;
  /** The length of each message, and after which of them a turn ends. */
  readonly messages: readonly { readonly pad: number; readonly endsTurn: boolean }[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  capacity: fc.integer({ min: 1, max: 3 }),
  max: fc.integer({ min: 40, max: 400 }),
  then: fc.constantFrom('drop-oldest' as const, 'drop-newest' as const, 'error' as const, 'pause' as const),
  messages: fc.array(fc.record({ pad: fc.constantFrom(0, 3, 40, 150), endsTurn: fc.boolean() }), {
    maxLength: 20,
  }),
});

/** A sink that takes nothing, then all: what arrives is what the policies of an array keep. */
export function keepsWhatAnArrayKeeps(engine: Engine) {
  return fc.property(cases, (given) => {
    const sizes = given.messages.map(({ pad }, number) => rowOf(messageOf(number, pad)).size);
    const [kept, wanted] = [spilled(engine, given), model(given, sizes)];
    return JSON.stringify(kept) === JSON.stringify(wanted);
  });
}

function model({ capacity, max, then }: Case, sizes: readonly number[]): Kept {
  const numbers = sizes.map((_, number) => number);
  const memory = numbers.slice(0, capacity);
  const total = (some: readonly number[]): number =>
    some.reduce((sum, number) => sum + (sizes[number] ?? 0), 0);
  let disk: number[] = [];
  let failed = 0;
  for (const number of numbers.slice(capacity)) {
    const fits = disk.length === 0 || total([...disk, number]) <= max;
    if (fits || then === 'pause' || then === 'drop-oldest') disk.push(number);
    else if (then === 'error') failed += 1;
    if (then === 'drop-oldest') while (disk.length > 1 && total(disk) > max) disk = disk.slice(1);
  }
  return { sent: [...memory, ...disk], failed };
}

function spilled(engine: Engine, { capacity, max, then, messages }: Case): Kept {
  const scheduler = new VirtualTimeScheduler();
  const sent: number[] = [];
  let isWritable = false;
  let failed = 0;
  const route: RoutePort = {
    name: 'route',
    claimed: () => undefined,
    made: () => undefined,
    discarded: () => undefined,
    failed: (message) => {
      failed += 1;
      message.ack();
    },
  };
  const sink = new Sink('sink', scheduler, {
    isWritable: () => isWritable,
    write(message) {
      sent.push(Number.parseInt(String(message.payload), 10));
      return true;
    },
  });
  const leg = new engine.Leg(sink, {
    name: 'leg',
    overflow: 'spill',
    capacity: { messages: capacity, bytes: 1 << 24 },
    spill: {
      store: createSpillDisk(() => undefined).open(),
      max,
      then,
      route,
      marshallers: new Map(),
      decode: (message) => message,
      maxDeliveries: 1,
      scheduler,
    },
  });
  sink.opened();
  messages.forEach(({ pad, endsTurn }, number) => {
    leg.offer(messageOf(number, pad).claim(route));
    if (endsTurn) pass(scheduler, 0);
  });
  pass(scheduler, 0);
  isWritable = true;
  sink.drain();
  pass(scheduler, 0);
  leg.dispose();
  return { sent, failed };
}

function messageOf(number: number, pad: number): Message {
  return Message.of(`${number}:${'~'.repeat(pad)}`, { id: 'same' });
}
