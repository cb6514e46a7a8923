/** Checks many laws at the price of few: those that look at one run share it. */
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';
import {
  type Breach,
  type ComparingLaw,
  configurationOf,
  DEFAULT_RUNS,
  lawOf,
  type RelayLawSettings,
  type RunLaw,
  scenariosOf,
  wrongIn,
} from './law.ts';
import { LawBroken } from './law-broken.ts';
import { playToEnd, type RelayOf } from './played.ts';
import { definitions, type RelayLawName } from './relay-laws.ts';

/** What came of one law. */
export interface LawResult {
  readonly law: { readonly number: number; readonly name: string; readonly sentence: string };
  /** Why there was nothing to check; `undefined` when there was. */
  readonly doesNotApply: string | undefined;
  /** The smallest case that breaks it; `undefined` when none was found. */
  readonly broken: LawBroken | undefined;
  readonly numRuns: number;
}

export interface CheckLawsSettings extends RelayLawSettings {
  /** Which laws; all unless given. */
  readonly only?: readonly RelayLawName[];
}

/**
 * Checks the laws, all with one seed. Resolves with what came of each, in the order of their numbers; rejects only
 * with what `relayOf` rejects with.
 *
 * @example
 * const configuration = await loadRelay({ file: 'araldo.yaml' });
 * const results = await checkLaws(() => virtualRelay({ configuration }), { numRuns: 200 });
 * for (const { law, broken } of results) console.log(law.number, law.name, broken === undefined ? 'holds' : broken.message);
 */
export async function checkLaws(
  relayOf: RelayOf,
  settings: CheckLawsSettings = {},
): Promise<readonly LawResult[]> {
  const { only, ...rest } = settings;
  const configuration = await configurationOf(relayOf);
  const seed = settings.seed ?? Date.now() ^ (Math.random() * 0x1_0000_0000);
  const seeded = { ...rest, seed };
  const chosen = Object.entries(definitions).filter(([name]) => only?.includes(name as RelayLawName) ?? true);
  const all = chosen.map(([, law]) => law);
  const sharing = all.filter(
    (law): law is RunLaw =>
      !('compare' in law) && law.scenarios === undefined && law.doesNotApply?.(configuration) === undefined,
  );
  const broken = await brokenAmong(sharing, relayOf, configuration, seeded);

  const results: LawResult[] = [];
  for (const law of all) {
    const breach = broken.get(law.number);
    const holds = sharing.includes(law) && breach === undefined;
    const result = holds
      ? resultOf(law, { numRuns: settings.numRuns ?? DEFAULT_RUNS })
      : await checkOne(law, relayOf, seeded);
    const isOnce = breach !== undefined && result.broken === undefined;
    results.push(isOnce ? { ...result, broken: brokenOnce(law, breach, seed) } : result);
  }
  return results;
}

/** What some run breaks, by the numbers of the laws: each is then examined alone, on the same cases. */
async function brokenAmong(
  laws: readonly RunLaw[],
  relayOf: RelayOf,
  configuration: Configuration,
  settings: RelayLawSettings,
): Promise<ReadonlyMap<number, Breach>> {
  const broken = new Map<number, Breach>();
  const [any] = laws;
  if (any === undefined) return broken;
  const inspections = laws.flatMap(({ number, inspect }) =>
    inspect === undefined ? [] : [{ number, inspect }],
  );
  const { numRuns = DEFAULT_RUNS, seed, path } = settings;
  await fc.check(
    fc.asyncProperty(scenariosOf(any, configuration, settings), async (scenario) => {
      const played = await playToEnd(relayOf, scenario, inspections);
      for (const law of laws) {
        if (broken.has(law.number)) continue;
        const text = wrongIn(law, played, settings);
        if (text !== undefined) broken.set(law.number, { text, played });
      }
      return true;
    }),
    { numRuns, ...(seed !== undefined && { seed }), ...(path !== undefined && { path }) },
  );
  return broken;
}

/** A breach that is not seen again is one all the same. */
function brokenOnce(law: RunLaw | ComparingLaw, { text, played }: Breach, seed: number): LawBroken {
  const more = 'not so when the same was played again: something in the route differs from run to run';
  return new LawBroken(law, { text: `${text} (${more})`, played }, { seed, path: '' });
}

async function checkOne(
  law: RunLaw | ComparingLaw,
  relayOf: RelayOf,
  settings: RelayLawSettings,
): Promise<LawResult> {
  try {
    return resultOf(law, await lawOf(law).check(relayOf, settings));
  } catch (thrown) {
    if (!(thrown instanceof LawBroken)) throw thrown;
    return resultOf(law, { broken: thrown, numRuns: 0 });
  }
}

function resultOf(
  { number, name, sentence }: RunLaw | ComparingLaw,
  { doesNotApply, broken, numRuns }: Partial<Omit<LawResult, 'law'>>,
): LawResult {
  return { law: { number, name, sentence }, doesNotApply, broken, numRuns: numRuns ?? 0 };
}
