// araldo with a leg that spills, killed again and again under load: nothing that it acknowledged is lost.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { atRest, startOracle, WINDOW } from './oracle/oracle.ts';
import { araldo } from './support/command.ts';
import { until } from './support/server.ts';

/** ARALDO_KILLS=50 for a long run. */
const kills = Number(process.env['ARALDO_KILLS'] ?? 4);
const perLife = 4_000;
const buffer = 64;

/** By each kill: acknowledgements under way; in memory and unconfirmed; settled and not yet off the disk. */
const mostAgain = WINDOW + 2 * buffer + 1024;

const plugin = fileURLToPath(new URL('oracle/oracle-link.ts', import.meta.url));

test(
  'what a leg that spills has acknowledged survives SIGKILL at any moment',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'araldo-kill-'));
    await using oracle = await startOracle();
    await writeFile(
      join(folder, 'araldo.yaml'),
      `
server-port: 0
log-level: warning
plugins:
  - { name: broker, id: ${plugin}, port: ${oracle.port}, role: broker }
  - { name: store, id: ${plugin}, port: ${oracle.port}, role: store }
routes:
  broker: [{ to: store, overflow: { policy: spill, path: data/store.db, buffer: ${buffer} } }]
`,
    );
    try {
      let offered = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        await using run = araldo(folder);
        const before = oracle.counts().acknowledged;
        oracle.flow(false);
        oracle.offer(perLife);
        offered += perLife;
        await until(`it acknowledges what it cannot send: ${run.out.stderr}`, () => {
          return oracle.counts().acknowledged > before + 500;
        });
        // Some die with a store that stands still, the others while they send what they have kept.
        if (kill % 2 === 1) oracle.flow(true);
        await sleep(Math.random() * 120);
        run.child.kill('SIGKILL');
        await run.code;
        oracle.killed();
        expect(oracle.counts().acknowledged).toBeLessThanOrEqual(offered);
      }

      await using run = araldo(folder);
      oracle.flow(true);
      const counts = await atRest(oracle, offered);
      expect(counts).toMatchObject({ attempted: offered, lost: 0, unexpected: 0 });
      expect(counts.duplicated).toBeLessThanOrEqual(kills * mostAgain);
      console.info(`${kills} kills: ${JSON.stringify(counts)}`);
      run.child.kill('SIGTERM');
      expect(await run.code).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  120_000 + kills * 15_000,
);
