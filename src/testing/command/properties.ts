/** The laws against the routes of a configuration: first what has broken them before, then random cases. */
import type { Configuration } from '../../config/configuration.ts';
import { checkLaws } from '../laws/check-laws.ts';
import { type Breach, breachOf, type RelayLawSettings } from '../laws/law.ts';
import { definitions, type RelayLawName } from '../laws/relay-laws.ts';
import { type VirtualRelay, virtualRelay } from '../relay.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { Scenario } from '../scenario.ts';
import { keepRegression, type Regression } from './regressions.ts';

export interface LawHead {
  readonly number: number;
  readonly name: string;
  /** What holds, as a fact. */
  readonly sentence: string;
}

/** How a law was broken. */
export interface Broken {
  /** What is wrong, in a sentence that names the step, leg or endpoint. */
  readonly breach: string;
  /** The smallest case that was found. */
  readonly scenario: Scenario;
  readonly events: readonly RelayEvent[];
}

export interface RegressionResult {
  readonly law: LawHead;
  readonly regression: Regression;
  readonly broken: Broken | undefined;
}

export type LawOutcome =
  | { readonly law: LawHead; readonly outcome: 'holds'; readonly numRuns: number }
  | { readonly law: LawHead; readonly outcome: 'does-not-apply'; readonly reason: string }
  /** A regression breaks it: that is to be mended first. */
  | { readonly law: LawHead; readonly outcome: 'not-tried' }
  | {
      readonly law: LawHead;
      readonly outcome: 'broken';
      readonly broken: Broken;
      /** They repeat the case. */
      readonly seed: number;
      readonly path: string;
      /** The file in which it is kept, or why it could not be written. */
      readonly kept: { readonly file: string } | { readonly failure: string };
    };

/** Plays what was kept, whatever else is asked. */
export async function playRegressions(
  regressions: readonly Regression[],
  configuration: Configuration,
): Promise<readonly RegressionResult[]> {
  const results: RegressionResult[] = [];
  for (const regression of regressions) {
    const law = definitions[regression.law];
    const reason = law.doesNotApply?.(configuration);
    const breach =
      reason === undefined ? await breachOf(law, relayOf(configuration), regression.scenario, {}) : undefined;
    results.push({ law: headOf(regression.law), regression, broken: breach && brokenBy(breach) });
  }
  return results;
}

export interface TryOptions {
  /** The configuration's file: what breaks a law is kept beside it. */
  readonly file: string;
  readonly laws: readonly RelayLawName[];
  /** Laws that a regression breaks. */
  readonly brokenBefore: ReadonlySet<RelayLawName>;
  readonly settings: RelayLawSettings & { readonly seed: number };
}

export async function tryLaws(
  configuration: Configuration,
  { file, laws, brokenBefore, settings }: TryOptions,
): Promise<readonly LawOutcome[]> {
  const only = laws.filter((name) => !brokenBefore.has(name));
  const results = only.length === 0 ? [] : await checkLaws(relayOf(configuration), { ...settings, only });
  const outcomes: LawOutcome[] = [];
  for (const name of laws) {
    const law = headOf(name);
    const result = results.find((one) => one.law.number === law.number);
    if (result === undefined) outcomes.push({ law, outcome: 'not-tried' });
    else if (result.doesNotApply !== undefined) {
      outcomes.push({ law, outcome: 'does-not-apply', reason: result.doesNotApply });
    } else if (result.broken === undefined) {
      outcomes.push({ law, outcome: 'holds', numRuns: result.numRuns });
    } else {
      const { breach, scenario, seed, path } = result.broken;
      // Played once more, for its events.
      const again = await breachOf(definitions[name], relayOf(configuration), scenario, settings);
      const broken = again === undefined ? { breach, scenario, events: [] } : brokenBy(again);
      const kept = await keep(file, { law: name, breach, scenario, seed, path });
      outcomes.push({ law, outcome: 'broken', broken, seed, path, kept });
    }
  }
  return outcomes;
}

export function lawNames(): readonly RelayLawName[] {
  return Object.keys(definitions) as RelayLawName[];
}

export function headOf(name: RelayLawName): LawHead {
  const { number, name: words, sentence } = definitions[name];
  return { number, name: words, sentence };
}

function brokenBy({ text, played }: Breach): Broken {
  return { breach: text, scenario: played.scenario, events: played.relay.events };
}

function relayOf(configuration: Configuration): () => Promise<VirtualRelay> {
  return () => virtualRelay({ configuration });
}

/** A folder that cannot be written to takes nothing from the finding. */
async function keep(
  file: string,
  finding: Parameters<typeof keepRegression>[1],
): Promise<{ readonly file: string } | { readonly failure: string }> {
  try {
    return { file: await keepRegression(file, finding) };
  } catch (thrown) {
    return { failure: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
