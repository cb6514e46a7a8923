// araldo with a leg that spills on a disk that has no room: it stops acknowledging, says so, and goes on when there is.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { atRest, startOracle, WINDOW } from './oracle/oracle.ts';
import { portOf, start } from './support/command.ts';
import { until } from './support/server.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const plugin = fileURLToPath(new URL('oracle/oracle-link.ts', import.meta.url));

/** In KiB: what one file may grow to, in place of a disk that is full. */
const LIMIT = 2_048;
const offered = 20_000;

const hasLimits = spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!hasLimits)(
  'a leg that spills acknowledges nothing while its disk is full, and recovers',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'araldo-full-'));
    await using oracle = await startOracle();
    await writeFile(
      join(folder, 'araldo.yaml'),
      `
server-port: 0
plugins:
  - { name: broker, id: ${plugin}, port: ${oracle.port}, role: broker }
  - { name: store, id: ${plugin}, port: ${oracle.port}, role: store }
routes:
  broker: [{ to: store, overflow: { policy: spill, path: store.db, buffer: 64 } }]
`,
    );
    try {
      const limited = `ulimit -S -f ${LIMIT}; exec "$0" "$1"`;
      await using run = start('bash', ['-c', limited, process.execPath, cli], { cwd: folder });
      const port = await portOf(run);
      const readiness = async (): Promise<{ status: number; reasons: readonly string[] }> => {
        const response = await fetch(`http://127.0.0.1:${port}/readyz`);
        const { reasons } = (await response.json()) as { reasons: readonly string[] };
        return { status: response.status, reasons };
      };
      oracle.flow(false);
      oracle.offer(offered);
      await until(`its disk is full: ${run.out.stderr}`, async () => {
        const { reasons } = await readiness();
        return reasons.some((reason) => reason.startsWith('broker → store cannot use its disk'));
      });
      expect((await readiness()).status).toBe(503);
      const { acknowledged, attempted } = oracle.counts();
      await sleep(300);
      expect(oracle.counts()).toMatchObject({ acknowledged, attempted });
      expect(attempted - acknowledged).toBeLessThanOrEqual(WINDOW);

      spawnSync('prlimit', [`--pid=${run.child.pid}`, '--fsize=unlimited']);
      await until('it is ready again', async () => (await readiness()).status === 200);
      oracle.flow(true);
      const counts = await atRest(oracle, offered);
      expect(counts).toMatchObject({ lost: 0, duplicated: 0, unexpected: 0 });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
