/** Redis Streams → Redis Streams, against a loop of ioredis that sends the same commands. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../test/servers/free-port.ts';
import { startRedis } from '../peers/redis.ts';
import { cpuMicrosecondsOf } from '../process/cpu.ts';
import { launch } from '../process/launch.ts';
import { type Bench, textOf } from './workload.ts';

export const PAYLOAD_BYTES = 256;

const WINDOW = 1024;
const PRELOADED_A_SECOND = 60_000;
const BATCH = 1_000;
const DEADLINE_MS = 60_000;
const POLL_MS = 10;
const loop = join(import.meta.dirname, '..', 'peers', 'stream-loop.ts');

/** What one run of one contender did. */
export interface StreamRun {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Messages in a command, on average, by the statistics of Redis. */
  readonly perRead: number;
  readonly perAck: number;
}

export interface StreamContender {
  readonly label: string;
  readonly runs: StreamRun[];
}

export const ARALDO = 'araldo';
export const ALONE = 'ioredis alone';

/** Both take turns; each run empties a stream that was filled before it. */
export async function compareStreams(bench: Bench): Promise<readonly StreamContender[]> {
  await using stack = new AsyncDisposableStack();
  const redis = await startRedis();
  stack.defer(() => redis.stop());
  const client = new Redis({ host: '127.0.0.1', port: redis.port });
  stack.defer(() => client.disconnect());
  const contenders = [
    { label: ARALDO, runs: [] as StreamRun[], start: () => startAraldo(bench, redis.port) },
    { label: ALONE, runs: [] as StreamRun[], start: () => startLoop(redis.port) },
  ];
  const count = Math.round(PRELOADED_A_SECOND * bench.seconds);
  for (let run = 1; run <= bench.runs; run += 1) {
    for (const { runs, start } of contenders) {
      await client.flushall();
      await client.xgroup('CREATE', 'in', 'bench', '0', 'MKSTREAM');
      await fill(client, count);
      await client.config('RESETSTAT');
      const relay = await start();
      try {
        runs.push(await emptied(client, relay.pid, count));
      } finally {
        await relay.stop();
      }
    }
    bench.say(`run ${run} of ${bench.runs}`);
  }
  return contenders;
}

function startAraldo(bench: Bench, port: number) {
  const url = `redis://127.0.0.1:${port}`;
  const yaml = `
plugins:
  - { name: in, id: endpoint-redis-stream, url: "${url}", stream: in, group: bench, max-in-flight: ${WINDOW} }
  - { name: out, id: endpoint-redis-stream, url: "${url}", stream: out }
routes:
  in: [out]
`;
  return bench.araldo.startWith({ yaml, publish: '/none', subscribe: '/none' });
}

async function startLoop(redisPort: number) {
  const port = await freePort();
  const command = [process.execPath, loop, String(port), String(redisPort), 'in', 'out', String(WINDOW)];
  return launch(command, { core: 'server', port });
}

async function fill(client: Redis, count: number): Promise<void> {
  const payload = textOf(PAYLOAD_BYTES);
  for (let sent = 0; sent < count; sent += BATCH) {
    const batch = client.pipeline();
    for (let one = 0; one < Math.min(BATCH, count - sent); one += 1)
      batch.xadd('in', '*', 'payload', payload);
    await batch.exec();
  }
}

/** From the first message that has arrived to the last that is acknowledged. */
async function emptied(client: Redis, pid: number, count: number): Promise<StreamRun> {
  const deadline = performance.now() + DEADLINE_MS;
  const until = async (isReached: () => Promise<boolean>): Promise<void> => {
    while (!(await isReached())) {
      if (performance.now() > deadline) {
        const found = `${await client.xlen('out')} came and ${await pendingOf(client)} are not acknowledged`;
        throw new Error(`expected ${count} messages within ${DEADLINE_MS} ms: ${found}`);
      }
      await sleep(POLL_MS);
    }
  };
  await until(async () => (await client.xlen('out')) > 0);
  const [first, startedAt, cpuAt] = [await client.xlen('out'), performance.now(), cpuMicrosecondsOf(pid)];
  await until(async () => (await client.xlen('out')) >= count && (await pendingOf(client)) === 0);
  const [ms, cpuUs] = [performance.now() - startedAt, cpuMicrosecondsOf(pid) - cpuAt];
  const calls = await callsOf(client);
  return {
    perSecond: ((count - first) / ms) * 1000,
    cpuUs: cpuUs / (count - first),
    perRead: count / (calls.get('xreadgroup') ?? Number.NaN),
    perAck: count / (calls.get('xack') ?? Number.NaN),
  };
}

async function pendingOf(client: Redis): Promise<number> {
  const [pending] = (await client.xpending('in', 'bench')) as [number];
  return pending;
}

/** How often each command was called, as Redis counts it. */
export async function callsOf(client: Redis): Promise<ReadonlyMap<string, number>> {
  const text = await client.info('commandstats');
  return new Map(
    [...text.matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)].map(([, name = '', calls]) => [name, Number(calls)]),
  );
}
