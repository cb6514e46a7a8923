/** Each durable system to each, and what a stream of Redis costs against a loop without araldo. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { type SystemName, systemNames } from '../../test/system/pairs/durable-system.ts';
import { allPairs, lackOf } from '../../test/system/pairs/systems.ts';
import { isPinned } from '../process/launch.ts';
import { median } from '../report/median.ts';
import { digits, short, times } from '../report/number.ts';
import type { Section } from '../report/section.ts';
import { absence } from './contenders.ts';
import { type PairRun, runPair } from './pair-run.ts';
import { createPairSystems } from './pair-systems.ts';
import { ALONE, ARALDO, compareStreams, PAYLOAD_BYTES, type StreamContender } from './stream-loop.ts';
import type { Bench, Workload } from './workload.ts';

const TITLE = 'Durable pairs';

interface Pair {
  readonly from: SystemName;
  readonly to: SystemName;
  readonly runs: PairRun[];
  /** Those of the runs that are missing. */
  readonly problems: Set<string>;
}

export const durablePairs: Workload = {
  name: 'durable-pairs',
  title: TITLE,
  isOnRequest: true,
  async run(bench) {
    const streams = bench.redis ? await compareStreams(bench) : [];
    const { pairs, remarks } = await withGeneratorCore(() => measurePairs(bench));
    return sectionOf(bench, streams, pairs, remarks);
  },
};

/** The pairs take turns. One that fails is named, and its systems start anew; the others go on. */
async function measurePairs(bench: Bench): Promise<{ pairs: readonly Pair[]; remarks: readonly string[] }> {
  const lacks = new Map<SystemName, string>();
  for (const name of systemNames) {
    const lack = await lackOf(name);
    if (lack !== undefined) lacks.set(name, lack);
  }
  const pairs = allPairs
    .filter(([from, to]) => !lacks.has(from) && !lacks.has(to))
    .map(([from, to]): Pair => ({ from, to, runs: [], problems: new Set() }));
  await using systems = createPairSystems();
  for (let run = 1; run <= bench.runs; run += 1) {
    for (const { from, to, runs, problems } of pairs) {
      bench.say(`run ${run} of ${bench.runs}: ${from} → ${to}`);
      try {
        const [source, sink] = [await systems.get(from), await systems.get(to)];
        runs.push(await runPair(bench, source, sink, `${from}:${to}:${run}`));
      } catch (error) {
        problems.add((error as Error).message);
        await Promise.all([systems.drop(from), systems.drop(to)]);
      }
    }
  }
  return { pairs, remarks: [...lacks].map(([name, lack]) => `${name} is left out: ${lack}.`) };
}

/** The servers of the tests are children of this process, and stay on its core: the other is araldo's. */
async function withGeneratorCore<T>(run: () => Promise<T>): Promise<T> {
  if (!isPinned) return run();
  const pin = (cores: string): void => {
    spawnSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)], { stdio: 'ignore' });
  };
  pin('1');
  try {
    return await run();
  } finally {
    pin(`0-${availableParallelism() - 1}`);
  }
}

function sectionOf(
  bench: Bench,
  streams: readonly StreamContender[],
  pairs: readonly Pair[],
  remarks: readonly string[],
): Section {
  const araldo = streams.find(({ label }) => label === ARALDO)?.runs ?? [];
  const alone = streams.find(({ label }) => label === ALONE)?.runs ?? [];
  const ratios = araldo.map(({ perSecond }, run) => perSecond / (alone[run]?.perSecond ?? Number.NaN));
  return {
    workload: 'durable-pairs',
    title: TITLE,
    about:
      `A backlog of ${PAYLOAD_BYTES}-byte messages goes from one system through araldo to the other, at least once. Both systems, what ` +
      'fills and reads them and a proxy of this process in front of each share a core, which limits many pairs; processor ' +
      'time is that of araldo. An ack is what araldo sends to the source: XACK, an +ACK of JetStream, basic.ack, OffsetCommit ' +
      'or PUBACK; JetStream and MQTT have one for each message. Against ioredis there is no proxy: both send the same ' +
      'commands to one Redis, in turns.',
    tables: [
      {
        columns: ['stream → stream', 'messages/s', 'CPU µs a message', 'messages a read', 'messages an ack'],
        rows: streams.map(({ label, runs }) => [
          label,
          short(median(runs.map(({ perSecond }) => perSecond))),
          digits(median(runs.map(({ cpuUs }) => cpuUs))),
          digits(median(runs.map(({ perRead }) => perRead))),
          digits(median(runs.map(({ perAck }) => perAck))),
        ]),
      },
      {
        columns: ['pair', 'messages/s', 'CPU µs a message', 'of it user', 'messages an ack'],
        rows: pairs
          .filter(({ runs }) => runs.length > 0)
          .map(({ from, to, runs }) => [
            `${from} → ${to}`,
            short(median(runs.map(({ perSecond }) => perSecond))),
            digits(median(runs.map(({ cpuUs }) => cpuUs))),
            digits(median(runs.map(({ userUs }) => userUs))),
            digits(median(runs.map(({ perAck }) => perAck))),
          ]),
      },
    ],
    remarks: [
      ...remarks,
      ...pairs.flatMap(({ from, to, runs, problems }) => {
        const duplicates = runs.reduce((sum, run) => sum + run.duplicates, 0);
        const texts = [...problems, ...(duplicates === 0 ? [] : [`${duplicates} came more than once`])];
        return texts.map((text) => `${from} → ${to}: ${text}.`);
      }),
      ...(ratios.length === 0 ? [] : [`araldo ÷ ioredis alone: ${ratios.map(times).join(', ')}.`]),
    ],
    figures: [
      {
        work: TITLE,
        what: 'messages/s from stream to stream ÷ those of a loop of ioredis with the same commands',
        target: { atLeast: 0.7, unit: '×' },
        value: ratios.length === 0 ? undefined : median(ratios),
        reason: absence(bench, 'redis-server'),
      },
    ],
    data: { streams, pairs: pairs.map((pair) => ({ ...pair, problems: [...pair.problems] })) },
  };
}
