import fc from 'fast-check';
import { it } from 'vitest';
import { engine } from '../engine.ts';
import { play, timeline } from '../run.ts';
import { scripts, topologies } from '../topology.ts';

const only = (process.env.LAWS ?? '').split(',').filter(Boolean).map(Number);
it('explores', async () => {
  const wanted = process.env.WANTED ? JSON.parse(process.env.WANTED) : {};
  const counts: Record<string, number> = {};
  let shown = 0;
  const result = await fc.check(
    fc.asyncProperty(topologies(wanted), scripts(wanted), async (t, s) => {
      if (process.env.LASTCASE)
        (await import('node:fs')).writeFileSync('/tmp/last-case.json', JSON.stringify([t, s]));
      const { breaches, events } = await play(engine, t, s);
      for (const law of new Set(breaches.map((b) => b.law))) counts[law] = (counts[law] ?? 0) + 1;
      const found = breaches.filter((b) => only.length === 0 || only.includes(b.law));
      if (found.length > 0 && !process.env.COUNT)
        throw new Error(`${found[0].law}: ${found[0].text}\n${timeline(events)}`);
    }),
    {
      numRuns: Number(process.env.N ?? 1000),
      ...(process.env.SEED ? { seed: Number(process.env.SEED) } : {}),
    },
  );
  console.log('counts', JSON.stringify(counts));
  if (result.failed)
    console.log(
      result.seed,
      JSON.stringify(result.counterexample, null, 0),
      '\n',
      String((result.errorInstance as Error)?.message).slice(0, 6000),
    );
}, 100000);
