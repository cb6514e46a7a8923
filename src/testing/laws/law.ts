/** What a law of relays is, and how it is checked: random scenarios, a seed that repeats them, the smallest case. */
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';
import { type ScenarioOptions, scenarios } from '../arbitraries/scenario.ts';
import type { Scenario } from '../scenario.ts';
import { LawBroken } from './law-broken.ts';
import { type Inspection, type Played, playToEnd, type RelayOf } from './played.ts';
import { smallest } from './smallest.ts';

export interface RelayLawSettings extends ScenarioOptions {
  /** How many cases; 100 unless given. */
  readonly numRuns?: number;
  /** Of a failure: together they repeat it. */
  readonly seed?: number;
  readonly path?: string;
  /**
   * Names the message that a payload was made of, in what was sent and in what steps give, so that their order can
   * be told by content. Unless given, texts of four characters and more that no other message has do that.
   */
  readonly trace?: (payload: unknown) => unknown;
}

/** What a check has seen, when nothing is broken. */
export interface LawReport {
  /** Why there was nothing to check; `undefined` when there was. */
  readonly doesNotApply: string | undefined;
  /** How many cases were tried. */
  readonly numRuns: number;
}

export interface RelayLaw {
  /** As in the list of laws. */
  readonly number: number;
  readonly name: string;
  /** What holds, as a fact. */
  readonly sentence: string;
  /**
   * Tries random scenarios on relays of `relayOf`. Rejects with a `LawBroken` that has the seed, the path and the
   * smallest scenario as a timeline; with what `relayOf` rejects with; and with nothing else.
   */
  readonly check: (relayOf: RelayOf, settings?: RelayLawSettings) => Promise<LawReport>;
}

/** What was found: in words, with the run that shows it. */
export interface Breach {
  readonly text: string;
  readonly played: Played;
}

interface Described {
  readonly number: number;
  readonly name: string;
  readonly sentence: string;
  /** Why the law says nothing of a configuration; `undefined` when it does. */
  readonly doesNotApply?: (configuration: Configuration) => string | undefined;
  /** Which scenarios; all faults but restarts unless given. */
  readonly scenarios?: (configuration: Configuration, settings: RelayLawSettings) => fc.Arbitrary<Scenario>;
}

/** A law that one run can show to be broken. */
export interface RunLaw extends Described {
  /** Looks at the relay after each action. */
  readonly inspect?: Inspection['inspect'];
  /** Looks at the whole run. */
  examine?(played: Played, settings: RelayLawSettings): string | undefined;
}

/** A law that compares runs. */
export interface ComparingLaw extends Described {
  compare(relayOf: RelayOf, scenario: Scenario, settings: RelayLawSettings): Promise<Breach | undefined>;
}

export const DEFAULT_RUNS = 100;

export function lawOf(law: RunLaw | ComparingLaw): RelayLaw {
  const { number, name, sentence } = law;
  return { number, name, sentence, check: (relayOf, settings = {}) => check(law, relayOf, settings) };
}

async function check(
  law: RunLaw | ComparingLaw,
  relayOf: RelayOf,
  settings: RelayLawSettings,
): Promise<LawReport> {
  const configuration = await configurationOf(relayOf);
  const doesNotApply = law.doesNotApply?.(configuration);
  if (doesNotApply !== undefined) return { doesNotApply, numRuns: 0 };

  const { numRuns = DEFAULT_RUNS, seed, path } = settings;
  const arbitrary = scenariosOf(law, configuration, settings);
  let last: Breach | undefined;
  const property = fc.asyncProperty(arbitrary, async (scenario) => {
    const breach = await breachOf(law, relayOf, scenario, settings);
    if (breach !== undefined) last = breach;
    return breach === undefined;
  });
  const result = await fc.check(property, {
    numRuns,
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && { path }),
  });
  if (!result.failed || last === undefined) return { doesNotApply: undefined, numRuns: result.numRuns };

  await smallest(result.counterexample?.[0] ?? last.played.scenario, async (smaller) => {
    const breach = await breachOf(law, relayOf, smaller, settings);
    if (breach !== undefined) last = breach;
    return breach !== undefined;
  });
  throw new LawBroken(law, last, { seed: result.seed, path: result.counterexamplePath ?? '' });
}

export function scenariosOf(
  law: RunLaw | ComparingLaw,
  configuration: Configuration,
  settings: RelayLawSettings,
): fc.Arbitrary<Scenario> {
  return law.scenarios?.(configuration, settings) ?? scenarios(configuration, settings);
}

export async function breachOf(
  law: RunLaw | ComparingLaw,
  relayOf: RelayOf,
  scenario: Scenario,
  settings: RelayLawSettings,
): Promise<Breach | undefined> {
  if ('compare' in law) return law.compare(relayOf, scenario, settings);
  const inspections = law.inspect === undefined ? [] : [{ number: law.number, inspect: law.inspect }];
  const played = await playToEnd(relayOf, scenario, inspections);
  const text = wrongIn(law, played, settings);
  return text === undefined ? undefined : { text, played };
}

/** What a law finds in a run; whatever was thrown breaks any. */
export function wrongIn(law: RunLaw, played: Played, settings: RelayLawSettings): string | undefined {
  const { thrown, found } = played;
  if (thrown !== undefined) return `something threw: ${thrown.message}`;
  return found.get(law.number) ?? law.examine?.(played, settings);
}

export async function configurationOf(relayOf: RelayOf): Promise<Configuration> {
  const relay = await relayOf();
  relay.stop();
  return relay.configuration;
}
