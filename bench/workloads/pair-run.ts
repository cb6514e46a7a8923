/** One durable system to another: a backlog that waits at the one goes through araldo to the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { DurableSystem, SystemName } from '../../test/system/pairs/durable-system.ts';
import { startSystem } from '../../test/system/pairs/systems.ts';
import { cpuMicrosecondsOf } from '../process/cpu.ts';
import { callsOf, PAYLOAD_BYTES } from './stream-loop.ts';
import { type Bench, textOf } from './workload.ts';

const MESSAGES = 30_000;
const BATCH = 1_000;
const DEADLINE_MS = 120_000;
const POLL_MS = 20;
/** Until it has made the queues, groups and sessions that keep the backlog for it. */
const SETTLED_MS = 4_000;

export interface PairRun {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Messages in an acknowledgement, where the source can tell: Redis counts its commands. */
  readonly perAck: number | undefined;
}

export async function runPair(bench: Bench, from: SystemName, to: SystemName): Promise<PairRun> {
  await using source = await startSystem(from);
  await using sink = await startSystem(to);
  const plugins = [
    { name: 'in', ...source.source() },
    { name: 'out', ...sink.sink() },
  ];
  const yaml = `plugins: ${JSON.stringify(plugins)}\nroutes: { in: [out] }\n`;
  const start = () => bench.araldo.startWith({ yaml, publish: '/none', subscribe: '/none' });

  const first = await start();
  await sleep(SETTLED_MS);
  await first.stop();
  await fill(source);
  const stats = await statsOf(source);
  const araldo = await start();
  try {
    const run = await arrived(sink, araldo.pid);
    return { ...run, perAck: await stats?.perAck() };
  } finally {
    await araldo.stop();
    stats?.close();
  }
}

async function fill(source: DurableSystem): Promise<void> {
  const payload = Buffer.from(textOf(PAYLOAD_BYTES));
  for (let sent = 0; sent < MESSAGES; sent += BATCH) {
    const confirmed = await source.put(Array.from({ length: BATCH }, () => payload));
    if (!confirmed.every(Boolean)) throw new Error(`${source.name} did not confirm what was put into it`);
  }
}

/** From the first message that has arrived to the last. */
async function arrived(sink: DurableSystem, pid: number): Promise<{ perSecond: number; cpuUs: number }> {
  let count = 0;
  const counted = async (): Promise<number> => {
    await sink.read({
      came() {
        count += 1;
      },
      // Nothing is killed here: what comes again is not what is measured.
      again() {},
    });
    return count;
  };
  const deadline = performance.now() + DEADLINE_MS;
  let start: { count: number; at: number; cpuUs: number } | undefined;
  while ((await counted()) < MESSAGES) {
    if (count > 0) start ??= { count, at: performance.now(), cpuUs: cpuMicrosecondsOf(pid) };
    if (performance.now() > deadline)
      throw new Error(`${count} of ${MESSAGES} messages within ${DEADLINE_MS} ms`);
    await sleep(POLL_MS);
  }
  const from = start ?? { count: 0, at: performance.now(), cpuUs: 0 };
  const measured = count - from.count;
  return {
    perSecond: (measured / (performance.now() - from.at)) * 1000,
    cpuUs: (cpuMicrosecondsOf(pid) - from.cpuUs) / measured,
  };
}

interface Stats {
  perAck(): Promise<number>;
  close(): void;
}

async function statsOf(source: DurableSystem): Promise<Stats | undefined> {
  if (source.name !== 'redis-stream') return undefined;
  const client = new Redis({ host: '127.0.0.1', port: source.proxy.port });
  await client.config('RESETSTAT');
  return {
    perAck: async () => MESSAGES / ((await callsOf(client)).get('xack') ?? Number.NaN),
    close: () => client.disconnect(),
  };
}
