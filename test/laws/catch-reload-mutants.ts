// Says of each mutant of a reload after how many cases its law noticed it: a line of JSON each, as catch-mutants.ts.

import fc from 'fast-check';
import type * as Testing from '../../src/testing/index.ts';
import type * as Law from '../../src/testing/laws/law.ts';
import type * as Laws from '../../src/testing/laws/relay-laws.ts';
import type { Catch } from './catch-mutants.ts';
import { createMutator } from './mutate.ts';
import { reloadMutants } from './reload-mutants.ts';

/** What examines a relay, over a broken reload. */
type Broken = typeof Testing & typeof Law & typeof Laws;

const { mutated } = createMutator(['src/runtime', 'src/testing']);
const files = ['index.ts', 'laws/law.ts', 'laws/relay-laws.ts'].map((file) => `src/testing/${file}`);

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
  const broken = (await mutated({ ...mutant, file: `src/runtime/${mutant.file}` }, files)) as Broken;
  const after = await (mutant.law === 18 ? casesUntilReloadBreaks : casesUntilBroken)(mutant.law, broken);
  const line: Catch = { name: mutant.name, after };
  process.stdout.write(`${JSON.stringify(line)}\n`);
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
