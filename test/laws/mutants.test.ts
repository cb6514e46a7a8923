import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { isolation } from './isolation.ts';
import { mutants } from './mutants.ts';
import { mutated } from './mutate.ts';
import { play } from './run.ts';
import { scripts, topologies } from './topology.ts';
import { wanted } from './wanted.ts';

/** The same cases each time, so that a mutant is caught or is not; the most that any of them needs is far less. */
const parameters = { numRuns: 600, seed: 20_261_122, endOnFailure: true };

/** Whether some case breaks the law; stops at the first that does. */
async function isBroken(law: number, engine: Engine): Promise<boolean> {
  if (law === 13) {
    const strangers = await fc.check(isolation.fromStrangers(engine), parameters);
    return strangers.failed || (await fc.check(isolation.fromLossySinks(engine), parameters)).failed;
  }
  const only = wanted[law];
  const property = fc.asyncProperty(topologies(only), scripts(only), async (topology, script) => {
    const { breaches } = await play(engine, topology, script);
    return breaches.every((breach) => breach.law !== law);
  });
  return (await fc.check(property, parameters)).failed;
}

describe('the laws', () => {
  it.each(mutants)('law $law sees that $name', async (mutant) => {
    const { engine, remove } = await mutated(mutant);
    try {
      expect(await isBroken(mutant.law, engine)).toBe(true);
    } finally {
      await remove();
    }
  });

  it('have each been seen to fail', () => {
    const seen = new Set(mutants.map(({ law }) => law));
    expect([...seen].toSorted((one, other) => one - other)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ]);
  });

  it('are listed with their mutants in test/README.md', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const rows = readme.match(/^\| \d+ \| .* \| `.*` \|$/gm);
    expect(rows).toEqual(mutants.map(({ law, name, file }) => `| ${law} | ${name} | \`${file}\` |`));
  });
});
