/** What `araldo test` does, before anybody is told: examples, what was kept, and the laws where they are asked for. */
import { dirname, resolve } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import type { RelayLawName } from '../laws/relay-laws.ts';
import { type ExampleResult, runExample } from './example.ts';
import { likelyPayloads } from './payloads.ts';
import {
  headOf,
  type LawOutcome,
  lawNames,
  playRegression,
  type RegressionResult,
  tryLaws,
} from './properties.ts';
import { type Regression, readRegressions, shownPath } from './regressions.ts';

export interface RunOptions {
  readonly file: string;
  /** Of all, only what has one of these in its name; all when there are none. */
  readonly names: readonly string[];
  readonly properties: Properties | undefined;
}

export interface Properties {
  readonly numRuns: number;
  readonly seed: number;
  /** Of a failure: the case itself. */
  readonly path?: string;
}

export interface TestRun {
  readonly file: string;
  readonly configuration: Configuration;
  readonly examples: readonly Timed<ExampleResult>[];
  readonly regressions: readonly Timed<RegressionResult>[];
  /** Absent where they were not asked for. */
  readonly laws:
    | (Properties & { readonly outcomes: readonly LawOutcome[]; readonly tookMs: number })
    | undefined;
  readonly hasPassed: boolean;
}

/** With the real time that it took. */
export type Timed<T> = T & { readonly tookMs: number };

/** Some name is in nothing that could be run. */
export interface NothingNamed {
  readonly word: string;
  /** What there is. */
  readonly names: readonly string[];
}

export async function run(
  configuration: Configuration,
  { file, names, properties }: RunOptions,
): Promise<TestRun | NothingNamed> {
  const kept = await readRegressions(file, configuration);
  const laws = properties === undefined ? [] : lawNames();
  const all = [
    ...configuration.tests.map(({ plan }) => plan.name),
    ...kept.map(regressionName),
    ...laws.map(lawName),
  ];
  const word = names.find((word) => !all.some((name) => has(name, [word])));
  if (word !== undefined) return { word, names: all };

  const examples: Timed<ExampleResult>[] = [];
  for (const test of configuration.tests.filter(({ plan }) => has(plan.name, names))) {
    examples.push(await timed(() => runExample(test, configuration)));
  }
  const regressions: Timed<RegressionResult>[] = [];
  const isNamed = (one: Regression): boolean =>
    [regressionName(one), ...one.laws.map(lawName)].some((name) => has(name, names));
  for (const one of kept.filter(isNamed)) {
    regressions.push(await timed(() => playRegression(one, configuration)));
  }
  const outcomes =
    properties === undefined
      ? undefined
      : await timed(async () => ({
          ...properties,
          outcomes: await tryLaws(configuration, {
            file,
            laws: laws.filter((law) => has(lawName(law), names)),
            brokenBefore: regressions.flatMap(({ broken }) => broken?.breaches.map(({ law }) => law) ?? []),
            settings: { ...properties, payloads: await likelyPayloads(configuration, directoryOf(file)) },
          }),
        }));
  const hasPassed =
    examples.every(({ mismatches }) => mismatches.length === 0) &&
    regressions.every(({ broken }) => broken === undefined) &&
    (outcomes?.outcomes.every(({ outcome }) => outcome !== 'broken') ?? true);
  return { file, configuration, examples, regressions, laws: outcomes, hasPassed };
}

export function regressionName({ file }: Regression): string {
  return shownPath(file);
}

function lawName(law: RelayLawName): string {
  return headOf(law).name;
}

function has(name: string, words: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return words.length === 0 || words.some((word) => lower.includes(word.toLowerCase()));
}

function directoryOf(file: string): string {
  return resolve(dirname(file));
}

async function timed<T extends object>(work: () => Promise<T>): Promise<Timed<T>> {
  const start = performance.now();
  const result = await work();
  return { ...result, tookMs: performance.now() - start };
}
