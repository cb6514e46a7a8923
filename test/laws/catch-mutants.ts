// Says of each mutant after how many cases its law noticed it: a line of JSON each. A process of its own, so that Node
// loads the copies itself, and a mutant that never ends can be ended.

import fc from 'fast-check';
import { type Engine, engineFiles } from './engine.ts';
import { isolation } from './isolation.ts';
import { type Mutant, mutants } from './mutants.ts';
import { createMutator } from './mutate.ts';
import { play } from './run.ts';
import { keepsWhatAnArrayKeeps } from './spill-policies.ts';
import { spillScripts, spillSpecs } from './spill-script.ts';
import { playSpill } from './spill-world.ts';
import { scripts, topologies } from './topology.ts';
import { wanted, wantedOfSpills } from './wanted.ts';

/** A line of the output. */
export interface Catch {
  readonly name: string;
  /** Cases until the law was seen broken; unset when it never was. */
  readonly after: number | undefined;
}

/** The same cases each time, so that a mutant is noticed or is not. The slowest needs about 200. */
const parameters = { numRuns: 1_500, seed: 2, endOnFailure: true };

// What a mutant throws where nobody can catch it, in a promise, shows as a broken law as well.
process.on('unhandledRejection', () => undefined);

const { mutated } = createMutator(['src/core']);
const files = engineFiles.map((file) => `src/core/${file}`);

for (const mutant of mutants) {
  const engine = (await mutated({ ...mutant, file: `src/core/${mutant.file}` }, files)) as Engine;
  const isOfSpill = mutant.file.startsWith('spill');
  const after = await (isOfSpill ? casesUntilSpillBreaks : casesUntilBroken)(mutant, engine);
  const line: Catch = { name: mutant.name, after };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function casesUntilBroken(mutant: Mutant, engine: Engine): Promise<number | undefined> {
  const { law, compares } = mutant;
  if (compares !== undefined) {
    const { failed, numRuns } = await fc.check(isolation[compares](engine), parameters);
    return failed ? numRuns : undefined;
  }
  const only = mutant.wanted ?? wanted[law];
  const property = fc.asyncProperty(topologies(only), scripts(only), async (topology, script) => {
    const { breaches } = await play(engine, topology, script);
    return breaches.every((breach) => breach.law !== law);
  });
  const { failed, numRuns } = await fc.check(property, parameters);
  return failed ? numRuns : undefined;
}

async function casesUntilSpillBreaks({ law }: Mutant, engine: Engine): Promise<number | undefined> {
  if (law === 8) {
    const { failed, numRuns } = fc.check(keepsWhatAnArrayKeeps(engine), parameters);
    return failed ? numRuns : undefined;
  }
  const only = wantedOfSpills[law];
  const property = fc.asyncProperty(spillSpecs(only), spillScripts(only), async (spec, script) => {
    const breaches = await playSpill(engine, spec, script);
    return breaches.every((breach) => breach.law !== law);
  });
  const { failed, numRuns } = await fc.check(property, parameters);
  return failed ? numRuns : undefined;
}
