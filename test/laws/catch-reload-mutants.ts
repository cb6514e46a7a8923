// Says of each mutant of a reload after how many cases its law noticed it: a line of JSON each, as catch-mutants.ts.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import type * as Testing from '../../src/testing/index.ts';
import type * as Law from '../../src/testing/laws/law.ts';
import type * as Laws from '../../src/testing/laws/relay-laws.ts';
import type { Catch } from './catch-mutants.ts';
import { type ReloadMutant, reloadMutants } from './reload-mutants.ts';

/** What examines a relay, over a broken reload. */
type Broken = typeof Testing & typeof Law & typeof Laws;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The same cases each time, so that a mutant is noticed or is not. The slowest needs about 100. */
const TOPOLOGIES = { numRuns: 40, seed: 3 };

/** Some keep messages, so that there is something to overtake and to lose. */
const steps = fc.constantFrom<unknown>(
  { map: '{"id": payload.id}' },
  { delay: '5ms' },
  { batch: { count: 2, every: '20ms' } },
);

// What a mutant throws where nobody can catch it, in a promise, shows as a broken law as well.
process.on('unhandledRejection', () => undefined);

for (const mutant of reloadMutants) {
  const folder = await mutated(mutant);
  const from = (file: string) => import(pathToFileURL(join(folder, 'src/testing', file)).href);
  const parts = [await from('index.ts'), await from('laws/law.ts'), await from('laws/relay-laws.ts')];
  const broken = Object.assign({}, ...parts) as Broken;
  const after = await (mutant.law === 18 ? casesUntilReloadBreaks : casesUntilBroken)(mutant.law, broken);
  const line: Catch = { name: mutant.name, after };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  await rm(folder, { recursive: true });
}

/** The law itself: reloads to the same, and with one route begun anew. */
async function casesUntilReloadBreaks(
  _law: number,
  { definitions, breachOf, scenariosOf, topologies, loadRelay, virtualRelay }: Broken,
): Promise<number | undefined> {
  const law = definitions.reload;
  let cases = 0;
  for (const value of fc.sample(topologies({ steps }), TOPOLOGIES)) {
    const configuration = await loadRelay({ value });
    for (const scenario of fc.sample(scenariosOf(law, configuration, {}), { numRuns: 4, seed: cases })) {
      cases += 1;
      if (await breachOf(law, async () => virtualRelay({ configuration }), scenario, {})) return cases;
    }
  }
  return undefined;
}

/** One reload, which changes all routes, between two scenarios. */
async function casesUntilBroken(
  number: number,
  { definitions, breachOf, scenarios, topologies, loadRelay, virtualRelay }: Broken,
): Promise<number | undefined> {
  const law = Object.values(definitions).find((one) => one.number === number);
  if (law === undefined) throw new Error(`expected one of the laws, found ${number}`);
  let cases = 0;
  for (const value of fc.sample(topologies({ policies: ['pause'], steps, sharing: false }), TOPOLOGIES)) {
    const configuration = await loadRelay({ value });
    const some = scenarios(configuration, {
      faults: ['stall', 'resume', 'latency', 'down', 'up'],
      maxActions: 6,
    });
    for (const what of ['steps', 'legs', 'both'] as const) {
      const next = await loadRelay({ value: changed(value, what) });
      const relayOf = async () => {
        const relay = await virtualRelay({ configuration });
        const reload = { value: () => relay.reload({ configuration: next }) };
        return Object.create(relay, { reload }) as Testing.VirtualRelay;
      };
      for (const [before, after] of fc.sample(fc.tuple(some, some), { numRuns: 2, seed: cases })) {
        cases += 1;
        const scenario = [...before, { do: 'reload' } as const, ...after].map(inTime);
        if (await breachOf(law, relayOf, scenario, {})) return cases;
      }
    }
  }
  return undefined;
}

/** What leaves has 10 s to do so, and what is left then goes back to its source, as is meant. */
function inTime(action: Testing.ScenarioAction): Testing.ScenarioAction {
  if (action.do !== 'wait' && action.do !== 'latency') return action;
  return { ...action, ms: Math.min(action.ms, 20) };
}

interface Route {
  readonly via: readonly unknown[];
  readonly to: readonly { readonly buffer: number }[];
}

/** Other steps, which keep nothing; or larger buffers, which are other legs. */
function changed(value: Testing.Topology, what: 'steps' | 'legs' | 'both'): Testing.Topology {
  const routes = Object.entries(value['routes'] as Readonly<Record<string, Route>>);
  const other = (route: Route): Route => ({
    ...route,
    ...(what !== 'legs' && { via: route.via.length === 0 ? [{ map: '{"id": payload.id}' }] : [] }),
    ...(what !== 'steps' && { to: route.to.map((leg) => ({ ...leg, buffer: leg.buffer + 1 })) }),
  });
  return { ...value, routes: Object.fromEntries(routes.map(([name, route]) => [name, other(route)])) };
}

/** A copy of what reloads and of what examines it, with one thing broken; the rest stays where it is. */
async function mutated(mutant: ReloadMutant): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'araldo-reload-mutant-'));
  await mkdir(join(folder, 'src'));
  for (const part of await readdir(join(root, 'src'))) {
    const [from, to] = [join(root, 'src', part), join(folder, 'src', part)];
    if (part === 'runtime' || part === 'testing') await cp(from, to, { recursive: true });
    else await symlink(from, to);
  }
  for (const part of ['operators', 'plugins', 'package.json', 'node_modules'])
    await symlink(join(root, part), join(folder, part));
  const file = join(folder, 'src', 'runtime', mutant.file);
  const text = await readFile(file, 'utf8');
  const count = text.split(mutant.find).length - 1;
  if (count !== 1) {
    throw new Error(`${mutant.file}: expected ${JSON.stringify(mutant.find)} once, found it ${count} times`);
  }
  await writeFile(
    file,
    text.replace(mutant.find, () => mutant.replace),
  );
  return folder;
}
