/** From the start of the process until it listens. */
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import { temporaryFolder } from '../process/folder.ts';
import { launch } from '../process/launch.ts';
import { median } from '../report/median.ts';
import { digits } from '../report/number.ts';
import type { Bench, Workload } from './workload.ts';

const TITLE = 'Start';
const root = join(import.meta.dirname, '..', '..');
interface Start {
  /** Until it listened, by the clock. */
  readonly ms: number;
  /** The same in processor time, which other work on the machine does not lengthen. */
  readonly cpuMs: number;
}

const DEFAULT = 'araldo, the default configuration';

interface Starter {
  readonly label: string;
  /** Starts it and ends it again. */
  start(): Promise<Start>;
}

export const startup: Workload = {
  name: 'startup',
  title: TITLE,
  async run(bench) {
    const cache = temporaryFolder('cache');
    try {
      const all = await measureAll(bench, cache.path);
      const warm = all.find(({ label }) => label === DEFAULT);
      return {
        workload: 'startup',
        title: TITLE,
        about:
          'From the start of the process until its port takes a connection, on one core. Compile caches are warm.',
        tables: [
          {
            columns: ['system', 'ms', 'from', 'to', 'CPU ms'],
            rows: all.map(({ label, starts }) => {
              const ms = starts.map((start) => start.ms);
              const cpuMs = starts.map((start) => start.cpuMs);
              return [label, ...[median(ms), Math.min(...ms), Math.max(...ms), median(cpuMs)].map(digits)];
            }),
          },
        ],
        remarks: [],
        figures: [
          {
            work: TITLE,
            what: 'process to listening, default configuration, warm cache',
            target: { atMost: 300, unit: 'ms' },
            value: warm && median(warm.starts.map(({ ms }) => ms)),
          },
        ],
        data: all,
      };
    } finally {
      cache.remove();
    }
  },
};

async function measureAll(
  bench: Bench,
  cache: string,
): Promise<readonly { label: string; starts: Start[] }[]> {
  const starters: readonly Starter[] = [
    { label: DEFAULT, start: () => startDefault({ NODE_COMPILE_CACHE: cache }) },
    { label: 'the same without a cache', start: () => startDefault({ NODE_DISABLE_COMPILE_CACHE: '1' }) },
    ...[...bench.peers.values()].map((system) => ({
      label: system.name,
      async start() {
        const { startMs, startCpuMs, stop } = await system.start('broadcast');
        await stop();
        return { ms: startMs, cpuMs: startCpuMs };
      },
    })),
  ];
  const all = starters.map(({ label }) => ({ label, starts: [] as Start[] }));
  for (let run = 0; run <= bench.runs; run += 1) {
    for (const [place, starter] of starters.entries()) {
      const start = await starter.start();
      // The first start fills the caches.
      if (run > 0) all[place]?.starts.push(start);
    }
    bench.say(`run ${run} of ${bench.runs}`);
  }
  return all;
}

async function startDefault(env: Readonly<Record<string, string>>): Promise<Start> {
  const port = await freePort();
  const { startMs, startCpuMs, stop } = await launch(
    [process.execPath, join(root, 'src', 'boot', 'run.js')],
    {
      core: 'server',
      port,
      cwd: root,
      env: { ...env, PORT: String(port) },
    },
  );
  await stop();
  return { ms: startMs, cpuMs: startCpuMs };
}
