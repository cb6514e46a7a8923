/** One durable system to another: a backlog that waits at the one goes through araldo to the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableSystem } from '../../test/system/pairs/durable-system.ts';
import { cpuMicrosecondsOf, userMicrosecondsOf } from '../process/cpu.ts';
import { watchAcks } from './sent-acks.ts';
import { PAYLOAD_BYTES } from './stream-loop.ts';
import { type Bench, textOf } from './workload.ts';

const PRELOADED_A_SECOND = 16_000;
const BATCH = 1_000;
/** What comes before is not measured: connections are made, and araldo is compiled while it runs. */
const WARM_UP = 1 / 4;
const DEADLINE_MS = 30_000;
const POLL_MS = 20;

export interface PairRun {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** The part of it that is not the kernel's. */
  readonly userUs: number;
  /** Messages in an acknowledgement that araldo has sent to the source. */
  readonly perAck: number;
  /** Came more than once. */
  readonly duplicates: number;
}

/** @param mark tells its messages from those of other runs: what those have left does not count */
export async function runPair(
  bench: Bench,
  source: DurableSystem,
  sink: DurableSystem,
  mark: string,
): Promise<PairRun> {
  const count = BATCH * Math.ceil((PRELOADED_A_SECOND * bench.seconds) / BATCH);
  const plugins = [
    { name: 'in', ...source.source() },
    { name: 'out', ...sink.sink() },
  ];
  const yaml = `plugins: ${JSON.stringify(plugins)}\nroutes: { in: [out] }\n`;
  await fill(source, count, mark);
  using acks = watchAcks(source.name, source.proxy.port);
  const araldo = await bench.araldo.startWith({ yaml, publish: '/none', subscribe: '/none' });
  let run: Omit<PairRun, 'perAck'>;
  try {
    run = await arrived(sink, { pid: araldo.pid, count, mark });
  } finally {
    // It ends when all is acknowledged.
    await araldo.stop();
  }
  return { ...run, perAck: count / acks.count };
}

async function fill(source: DurableSystem, count: number, mark: string): Promise<void> {
  for (let sent = 0; sent < count; sent += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, at) => payloadOf(mark, sent + at));
    const confirmed = await source.put(batch);
    if (!confirmed.every(Boolean)) throw new Error(`${source.name} did not confirm what was put into it`);
  }
}

function payloadOf(mark: string, number: number): Buffer {
  const start = `${mark} ${number} `;
  return Buffer.from(start + textOf(PAYLOAD_BYTES - start.length));
}

interface Expected {
  readonly pid: number;
  readonly count: number;
  readonly mark: string;
}

/** From the end of the warm-up to the last message. */
async function arrived(
  sink: DurableSystem,
  { pid, count, mark }: Expected,
): Promise<Omit<PairRun, 'perAck'>> {
  const isThere = new Uint8Array(count);
  let delivered = 0;
  let duplicates = 0;
  const came = (payload: Buffer): void => {
    const [of, number] = payload.toString('latin1', 0, 32).split(' ', 2);
    if (of !== mark) return;
    if (isThere[Number(number)] === 1) {
      duplicates += 1;
      return;
    }
    isThere[Number(number)] = 1;
    delivered += 1;
  };
  const snapshot = () => ({
    delivered,
    atMs: performance.now(),
    cpuUs: cpuMicrosecondsOf(pid),
    userUs: userMicrosecondsOf(pid),
  });

  const deadline = performance.now() + DEADLINE_MS;
  let start: ReturnType<typeof snapshot> | undefined;
  for (;;) {
    await sink.read({ came, again: came });
    if (delivered >= count) break;
    if (delivered >= count * WARM_UP) start ??= snapshot();
    if (performance.now() > deadline)
      throw new Error(`expected ${count} messages within ${DEADLINE_MS} ms, found ${delivered}`);
    await sleep(POLL_MS);
  }
  if (start === undefined) throw new Error(`all ${count} messages came at once; measure for more --seconds`);
  const end = snapshot();
  const measured = end.delivered - start.delivered;
  return {
    perSecond: (measured / (end.atMs - start.atMs)) * 1000,
    cpuUs: (end.cpuUs - start.cpuUs) / measured,
    userUs: (end.userUs - start.userUs) / measured,
    duplicates,
  };
}
