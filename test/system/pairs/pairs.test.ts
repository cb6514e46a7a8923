// Every durable system to every other one: nothing that the source's server has acknowledged is lost, whoever is killed.

import { appendFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { hashOf } from '../../../src/testing/seeded.ts';
import type { DurableSystem, SystemName } from './durable-system.ts';
import { killLoop } from './kill-loop.ts';
import type { Victim } from './kill-plan.ts';
import type { Row } from './results.ts';
import { sizesFrom, withinMs } from './sizes.ts';
import { lackOf, startSystem } from './systems.ts';

const sizes = sizesFrom(process.env);
const { pairs, isDeep, messages, kills, maxInFlight, seed } = sizes;
/** Each starts once for a short run, in which each is source and sink once. */
const shared = new Map<SystemName, Promise<DurableSystem>>();
/** Which server a short run kills besides araldo. */
const quick: Readonly<Partial<Record<SystemName, Victim>>> = { jetstream: 'sink', mqtt: 'sink' };

function started(name: SystemName): Promise<DurableSystem> {
  if (isDeep) return startSystem(name);
  const system = shared.get(name) ?? startSystem(name);
  shared.set(name, system);
  return system;
}

describe('araldo between two durable systems', () => {
  afterAll(async () => {
    for (const system of shared.values())
      await (await system.catch(() => undefined))?.[Symbol.asyncDispose]();
  }, 60_000);

  for (const [at, [source, sink]] of pairs.entries()) {
    const name = `${source} to ${sink}`;
    const own = hashOf(name, seed);
    test(
      `${name} › loses nothing when araldo and the servers are killed under load`,
      async (context) => {
        const lack = (await lackOf(source)) ?? (await lackOf(sink));
        if (lack !== undefined && !process.env['CI']) return context.skip(lack);
        const ends = await Promise.allSettled([started(source), started(sink)]);
        try {
          const [from, to] = ends.map((end) => {
            if (end.status === 'rejected') throw end.reason;
            return end.value;
          }) as [DurableSystem, DurableSystem];
          const notes: string[] = [];
          const outcome = await killLoop({
            ...{ source: from, sink: to, messages, kills, maxInFlight, seed: own },
            ...(!isDeep && {
              victims: ['araldo', quick[source] ?? 'source'] as const,
              points: [at === 0 ? 'unacked' : 'unconfirmed'] as const,
            }),
            withinMs: withinMs(sizes),
            note: (line) => notes.push(line),
          }).catch((error: unknown) => {
            throw new Error(`${String(error)}\nARALDO_SEED=${seed}\n${notes.join('\n')}`);
          });
          const row: Row = { source, sink, seed, versions: [from.version, to.version], ...outcome };
          const file = process.env['ARALDO_PAIRS_RESULTS'];
          if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
          console.info(`${name}: ARALDO_SEED=${seed} ${JSON.stringify(outcome)}`);
          expect(outcome).toMatchObject({ lost: 0, unexpected: 0 });
          expect(outcome.acknowledged).toBeGreaterThanOrEqual(messages);
          expect(outcome.duplicated).toBeLessThanOrEqual(outcome.bound);
        } finally {
          if (isDeep)
            for (const end of ends) if (end.status === 'fulfilled') await end.value[Symbol.asyncDispose]();
        }
      },
      withinMs(sizes) + 90_000,
    );
  }
});
