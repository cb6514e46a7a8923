/** Run as a process: `engine.ts SECONDS`. Prints what a message costs in pipelines that have no I/O, as JSON. */

import { z } from 'zod';
import { claim } from '../../operators/claim.ts';
import { filterStep } from '../../operators/filter.ts';
import { mapStep } from '../../operators/map.ts';
import { Endpoint } from '../../src/core/endpoint.ts';
import { FanOut } from '../../src/core/fan-out.ts';
import type { Lane } from '../../src/core/lane.ts';
import { Leg } from '../../src/core/leg.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import { defineOperator, type MessageOperator, stepOf } from '../../src/core/operator.ts';
import { turnScheduler } from '../../src/core/turn-scheduler.ts';
import { timePerCall } from './timer.ts';

export interface EngineResult {
  readonly label: string;
  readonly legs: number;
  readonly nsPerMessage: number;
}

const payload = { symbol: 'ARALDO', qty: 7, price: 104 };

/** What other work costs on this machine: without it, nanoseconds say as much about the machine as about araldo. */
const YARDSTICK = JSON.stringify({
  symbol: 'ARALDO',
  qty: 7,
  price: 104.25,
  side: 'buy',
  note: 'x'.repeat(67),
});

const results: EngineResult[] = [
  {
    label: `JSON.parse of ${YARDSTICK.length} bytes`,
    legs: 0,
    nsPerMessage: timePerCall(() => JSON.parse(YARDSTICK), Number(process.argv[2] ?? 1)),
  },
];
for (const [operators, legs] of [
  [0, 1],
  [3, 1],
  [3, 3],
] as const) {
  results.push(await measure(operators, legs, Number(process.argv[2] ?? 1)));
}
process.stdout.write(JSON.stringify(results));

async function measure(operators: number, legs: number, seconds: number): Promise<EngineResult> {
  const source = endpoint('source');
  const sinks = Array.from({ length: legs }, (_, place) => endpoint(`sink-${place}`));
  await Promise.all([source, ...sinks].map((each) => each.open(AbortSignal.timeout(1_000))));
  const fanOut = new FanOut(
    sinks.map((sink) => ({
      leg: new Leg(sink.outbound, {
        name: `source → ${sink.name}`,
        overflow: 'pause',
        capacity: { messages: 1024, bytes: 16 * 1024 * 1024 },
      }),
    })),
  );
  const pipeline = steps()
    .slice(0, operators)
    .reduce((stream, step) => stream.pipe(step), source.messages.pipe(claim()));
  pipeline.subscribe((message) => fanOut.offer(message));
  const lane: Lane = source.inbound.lane({ name: 'lane' });

  const nsPerMessage = timePerCall(() => lane.receive(payload), seconds);
  const { received, acked } = source.inbound;
  if (acked !== received) throw new Error(`of ${received} messages only ${acked} were acknowledged`);
  const label = `${operators} operators, ${legs} leg${legs === 1 ? '' : 's'}`;
  return { label, legs, nsPerMessage };
}

/** A source of values, and a sink that confirms what it is given at once. */
function endpoint(name: string): Endpoint {
  return new Endpoint(
    {
      name,
      id: 'endpoint-none',
      instance: 'bench',
      capabilities: {
        source: {
          canPause: true,
          acks: true,
          redelivers: false,
          ordered: 'lane',
          scope: 'local',
          carries: 'values',
        },
        sink: { confirms: 'handed', reaches: 'system', carries: 'values' },
      },
      scheduler: turnScheduler,
      log: silentLog,
      maxInFlight: 1024,
      maxDeliveries: 5,
    },
    () => ({ write: () => true }),
  );
}

/** A filter, a map, and a step as users write theirs; made anew, for each pipeline has its own. */
function steps(): readonly MessageOperator[] {
  const context = { name: 'step', scheduler: turnScheduler, log: silentLog };
  const isOrdered = (message: Message): boolean => (message.payload as typeof payload).qty > 0;
  const priced = (message: Message): unknown => {
    const { symbol, qty, price } = message.payload as typeof payload;
    return { symbol, qty, price };
  };
  const own = defineOperator({
    kind: 'fn',
    name: 'own',
    summary: 'Passes the payload on.',
    options: z.undefined(),
    create: () => (message) => message.payload,
  });
  return [
    stepOf(filterStep, isOrdered, context),
    stepOf(mapStep, priced, context),
    stepOf(own, undefined, context),
  ];
}
