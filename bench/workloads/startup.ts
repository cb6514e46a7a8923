/** From the start of the process until it listens. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import { launch } from '../process/launch.ts';
import { median } from '../report/median.ts';
import { digits } from '../report/number.ts';
import type { Bench, Workload } from './workload.ts';

const TITLE = 'Start';
const root = join(import.meta.dirname, '..', '..');
const DEFAULT = 'araldo, the default configuration';

interface Starter {
  readonly label: string;
  /** Starts it and ends it again; resolves with the milliseconds in between that count. */
  start(): Promise<number>;
}

export const startup: Workload = {
  name: 'startup',
  title: TITLE,
  async run(bench) {
    const cache = mkdtempSync(join(tmpdir(), 'araldo-bench-cache-'));
    try {
      const all = await measureAll(bench, cache);
      const warm = all.find(({ label }) => label === DEFAULT);
      return {
        workload: 'startup',
        title: TITLE,
        about:
          'From the start of the process until its port takes a connection, on one core. Compile caches are warm.',
        tables: [
          {
            columns: ['system', 'ms', 'from', 'to'],
            rows: all.map(({ label, ms }) => [
              label,
              digits(median(ms)),
              digits(Math.min(...ms)),
              digits(Math.max(...ms)),
            ]),
          },
        ],
        remarks: [],
        figures: [
          {
            work: TITLE,
            what: 'process to listening, default configuration, warm cache',
            target: { atMost: 300, unit: 'ms' },
            value: warm && median(warm.ms),
          },
        ],
        data: all,
      };
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  },
};

async function measureAll(bench: Bench, cache: string): Promise<readonly { label: string; ms: number[] }[]> {
  const starters: readonly Starter[] = [
    { label: DEFAULT, start: () => startDefault({ NODE_COMPILE_CACHE: cache }) },
    { label: 'the same without a cache', start: () => startDefault({ NODE_DISABLE_COMPILE_CACHE: '1' }) },
    ...[...bench.peers.values()].map((system) => ({
      label: system.name,
      async start() {
        const { startMs, stop } = await system.start('broadcast');
        await stop();
        return startMs;
      },
    })),
  ];
  const all = starters.map(({ label }) => ({ label, ms: [] as number[] }));
  for (let run = 0; run <= bench.runs; run += 1) {
    for (const [place, starter] of starters.entries()) {
      const ms = await starter.start();
      // The first start fills the caches.
      if (run > 0) all[place]?.ms.push(ms);
    }
    bench.say(`run ${run} of ${bench.runs}`);
  }
  return all;
}

async function startDefault(env: Readonly<Record<string, string>>): Promise<number> {
  const port = await freePort();
  const { startMs, stop } = await launch([process.execPath, join(root, 'src', 'cli.ts')], {
    core: 'server',
    port,
    cwd: root,
    env: { ...env, PORT: String(port) },
  });
  await stop();
  return startMs;
}
