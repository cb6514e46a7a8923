/** The laws against the routes of a configuration: what has broken them before, and random cases. */
import type { Configuration } from '../../config/configuration.ts';
import { checkLaws, type LawResult } from '../laws/check-laws.ts';
import { type Breach, breachOf, type RelayLawSettings } from '../laws/law.ts';
import { definitions, type RelayLawName } from '../laws/relay-laws.ts';
import { type VirtualRelay, virtualRelay } from '../relay.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { Scenario } from '../scenario.ts';
import { keepRegression, type Regression } from './regressions.ts';

/** A law as people read it. */
export interface LawHead {
  readonly number: number;
  readonly name: string;
  /** What holds, as a fact. */
  readonly sentence: string;
}

/** A case that breaks laws. */
export interface Broken {
  /** At least one. */
  readonly breaches: readonly LawBreach[];
  readonly scenario: Scenario;
  readonly events: readonly RelayEvent[];
}

export interface LawBreach {
  readonly law: LawHead;
  /** What is wrong, in a sentence that names the step, leg or endpoint. */
  readonly text: string;
}

/** A new one, the smallest that was found. */
export interface Finding extends Broken {
  /** They repeat the search for it. */
  readonly seed: number;
  readonly path: string;
  /** The file in which it is kept, or why it could not be written. */
  readonly kept: { readonly file: string } | { readonly failure: string };
}

export interface RegressionResult {
  readonly regression: Regression;
  readonly broken: Broken | undefined;
}

export type LawOutcome =
  | { readonly law: LawHead; readonly outcome: 'holds'; readonly numRuns: number }
  | { readonly law: LawHead; readonly outcome: 'does-not-apply'; readonly reason: string }
  /** A failure of an earlier run breaks it: that is to be mended first. */
  | { readonly law: LawHead; readonly outcome: 'not-tried' }
  | { readonly law: LawHead; readonly outcome: 'broken'; readonly breach: string; readonly finding: Finding };

export async function playRegression(
  regression: Regression,
  configuration: Configuration,
): Promise<RegressionResult> {
  const { laws, scenario } = regression;
  return { regression, broken: await brokenBy(scenario, laws, relayOf(configuration), {}) };
}

export interface TryOptions {
  /** The configuration's file: what breaks a law is kept beside it. */
  readonly file: string;
  readonly laws: readonly RelayLawName[];
  /** Laws that a failure of an earlier run breaks. */
  readonly brokenBefore: readonly LawHead[];
  readonly settings: RelayLawSettings & { readonly seed: number };
}

export async function tryLaws(
  configuration: Configuration,
  { file, laws, brokenBefore, settings }: TryOptions,
): Promise<readonly LawOutcome[]> {
  const only = laws.filter((name) => !brokenBefore.some(({ number }) => number === headOf(name).number));
  const results = only.length === 0 ? [] : await checkLaws(relayOf(configuration), { ...settings, only });
  const findings = await findingsOf(results, configuration, settings, file);
  return laws.map((name): LawOutcome => {
    const law = headOf(name);
    const result = results.find((one) => one.law.number === law.number);
    if (result === undefined) return { law, outcome: 'not-tried' };
    const { doesNotApply, broken, numRuns } = result;
    if (doesNotApply !== undefined) return { law, outcome: 'does-not-apply', reason: doesNotApply };
    const finding = findings.find(({ breaches }) => breaches.some((one) => one.law.number === law.number));
    if (broken === undefined || finding === undefined) return { law, outcome: 'holds', numRuns };
    const breach = finding.breaches.find((one) => one.law.number === law.number)?.text ?? broken.breach;
    return { law, outcome: 'broken', breach, finding };
  });
}

export function lawNames(): readonly RelayLawName[] {
  return Object.keys(definitions) as RelayLawName[];
}

export function headOf(name: RelayLawName): LawHead {
  const { number, name: words, sentence } = definitions[name];
  return { number, name: words, sentence };
}

/** One mistake breaks several laws, as a rule: they share the case that shows it. */
async function findingsOf(
  results: readonly LawResult[],
  configuration: Configuration,
  settings: RelayLawSettings,
  file: string,
): Promise<readonly Finding[]> {
  const relays = relayOf(configuration);
  const findings: Finding[] = [];
  let left = results.flatMap(({ law, broken }) => (broken === undefined ? [] : [{ law, broken }]));
  for (let [first] = left; first !== undefined; [first] = left) {
    const { scenario, seed, path } = first.broken;
    const names = left.map(({ law }) => nameOf(law));
    const broken = (await brokenBy(scenario, names, relays, settings)) ?? {
      breaches: [{ law: first.law, text: first.broken.breach }],
      scenario,
      events: [],
    };
    const laws = names.filter((name) =>
      broken.breaches.some(({ law }) => law.number === headOf(name).number),
    );
    // The first part of the path is the case, and what follows how it was made smaller: that is done anew.
    const [start = ''] = path.split(':');
    const kept = await keep(file, { ...broken, laws, seed, path: start });
    findings.push({ ...broken, seed, path: start, kept });
    left = left.slice(1).filter(({ law }) => !laws.includes(nameOf(law)));
  }
  return findings;
}

/** Which of the laws a scenario breaks; nothing when it breaks none, or none of them says anything here. */
async function brokenBy(
  scenario: Scenario,
  laws: readonly RelayLawName[],
  relays: () => Promise<VirtualRelay>,
  settings: RelayLawSettings,
): Promise<Broken | undefined> {
  const breaches: LawBreach[] = [];
  let shown: Breach | undefined;
  for (const name of laws) {
    const law = definitions[name];
    const breach = await breachOf(law, relays, scenario, settings);
    if (breach === undefined) continue;
    shown ??= breach;
    breaches.push({ law: headOf(name), text: breach.text });
  }
  return shown && { breaches, scenario, events: shown.played.relay.events };
}

function nameOf({ number }: LawHead): RelayLawName {
  return lawNames().find((name) => definitions[name].number === number) as RelayLawName;
}

function relayOf(configuration: Configuration): () => Promise<VirtualRelay> {
  return () => virtualRelay({ configuration });
}

/** A folder that cannot be written to takes nothing from the finding. */
async function keep(file: string, finding: Parameters<typeof keepRegression>[1]): Promise<Finding['kept']> {
  try {
    return { file: await keepRegression(file, finding) };
  } catch (thrown) {
    return { failure: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
