// A real araldo between two durable systems, killed (SIGKILL) again and again under load, and counted from outside: what
// was put in at one end against what came out at the other.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { payloadsOf } from '../../../src/testing/battery-case.ts';
import { type Counted, countOf } from '../../../src/testing/battery-count.ts';
import type { BatteryWorld } from '../../../src/testing/index.ts';
import { araldo } from './command.ts';
import { until } from './server.ts';

export interface KillLoop {
  /** Its `put` and `taken` are the two ends; the case ends it. */
  readonly world: BatteryWorld;
  readonly messages: number;
  readonly kills: number;
  /** The window of the source. Default 256. */
  readonly maxInFlight?: number;
  /** How long all of it may take. Default a minute, and 6 s for each kill and 5,000 messages. */
  readonly withinMs?: number;
}

/** The sizes of a long run: ARALDO_RUNS beyond a thousand. */
export const isDeep: boolean = Number(process.env['ARALDO_RUNS'] ?? 0) > 1_000;

/** How long `killLoop` may take at most, for the time-out of a test. */
export function killLoopMs({ messages, kills }: Pick<KillLoop, 'messages' | 'kills'>): number {
  return 60_000 + kills * 6_000 + messages * 1.2;
}

/**
 * Nothing is lost, nothing is unexpected, and no more comes twice than was in flight at the kills. Source and sink are
 * two endpoints of one araldo, with what the world says of their options.
 */
export async function killLoop(loop: KillLoop): Promise<Counted> {
  const { world, messages, kills, maxInFlight = 256 } = loop;
  const { withinMs = killLoopMs(loop) } = loop;
  if (world.server === undefined) throw new TypeError('expected a world with a server');
  const name = (role: string): string => `${world.name ?? 'battery'}-${role}`;
  const folder = await mkdtemp(join(tmpdir(), 'araldo-kills-'));
  const plugins = [
    { name: name('in'), id: world.plugin.id, 'max-in-flight': maxInFlight, ...world.source?.(world.server) },
    { name: name('out'), id: world.plugin.id, ...world.sink?.(world.server) },
  ];
  // JSON is YAML.
  const routes = { [name('in')]: [name('out')] };
  await writeFile(
    join(folder, 'araldo.yaml'),
    JSON.stringify({ 'server-port': 0, 'log-level': 'warning', plugins, routes }),
  );
  const given = payloadsOf(world, messages).map(({ payload }) => payload);
  const came = async (): Promise<number> => ((await world.taken?.()) ?? []).length;

  try {
    await world.put?.(given.map((payload) => ({ payload })));
    for (let kill = 0; kill < kills; kill += 1) {
      await using run = araldo(folder);
      const due = Math.min(Math.floor((messages * (kill + 0.5)) / (kills + 1)), messages - 1);
      await until(`${due} have come; ${run.out.stderr}`, async () => (await came()) >= due, withinMs);
      // Any moment: in the middle of reading, writing, and acking.
      await sleep(Math.random() * 30);
      run.child.kill('SIGKILL');
      await run.code;
    }
    await using run = araldo(folder);
    let counted: Counted | undefined;
    await until(
      'all have come',
      async () => {
        counted = countOf(
          given,
          ((await world.taken?.()) ?? []).map(({ payload }) => payload),
        );
        if (counted.lost > 0) await sleep(100);
        return counted.lost === 0;
      },
      withinMs,
    ).catch((thrown: unknown) => {
      throw new Error(`${String(thrown)}: ${JSON.stringify(counted)} ${run.out.stderr}`);
    });
    run.child.kill('SIGTERM');
    expect(await run.code).toBe(0);
    const last = countOf(
      given,
      ((await world.taken?.()) ?? []).map(({ payload }) => payload),
    );
    expect(last).toMatchObject({ given: messages, lost: 0, unexpected: 0 });
    expect(last.duplicated).toBeLessThanOrEqual(maxInFlight * kills);
    return last;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
