/** The folder beside the configuration in which failures are kept: each run plays them before anything new. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Document, isMap, isScalar, visit } from 'yaml';
import type { Configuration, GivenPart } from '../../config/configuration.ts';
import {
  checkKeys,
  expected,
  readKey,
  readList,
  readRequired,
  readText,
  suggestionFor,
} from '../../config/fields.ts';
import { givenForm } from '../../config/print-tests.ts';
import { createProblems, type Problems } from '../../config/problem.ts';
import { readFileText } from '../../config/read-file.ts';
import { givenContext, readGivens } from '../../config/tests.ts';
import type { MapNode, Node } from '../../config/tree.ts';
import { readYaml } from '../../config/yaml.ts';
import { definitions, type RelayLawName } from '../laws/relay-laws.ts';
import type { Scenario } from '../scenario.ts';
import { givenOf, scenarioOf } from './scenario-given.ts';

/** A case that has broken laws once. */
export interface Regression {
  readonly file: string;
  readonly laws: readonly RelayLawName[];
  readonly scenario: Scenario;
}

/** What is written down of a failure. */
export interface Kept {
  readonly laws: readonly RelayLawName[];
  readonly breaches: readonly { readonly text: string }[];
  readonly scenario: Scenario;
  readonly seed: number;
  readonly path: string;
}

const FOLDER = 'araldo-regressions';

/** More files than these are no longer read by anybody. */
const MOST = 1_000;

/** In the order of their names. Rejects with a `ConfigurationError` for a file that says what cannot be played. */
export async function readRegressions(
  file: string,
  configuration: Configuration,
): Promise<readonly Regression[]> {
  const folder = folderOf(file);
  const names = await readdir(folder).catch((thrown: NodeJS.ErrnoException): string[] => {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  const files = names.filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const regressions: Regression[] = [];
  for (const name of files.slice(0, MOST)) {
    regressions.push(await readRegression(join(folder, name), configuration));
  }
  return regressions;
}

/** Returns the path of the file; the same failure has the same. */
export async function keepRegression(file: string, kept: Kept): Promise<string> {
  const folder = folderOf(file);
  const digest = createHash('sha256')
    .update(JSON.stringify(givenOf(kept.scenario)))
    .digest('hex');
  const name = kept.laws.slice(0, 1).map(wordsOf).join().replaceAll(' ', '-');
  const path = join(folder, `${name}-${digest.slice(0, 6)}.yaml`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, textOf(kept));
  return path;
}

/** As people see it: from where they are, if it is below. */
export function shownPath(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
}

/** The steps of a scenario, as lines of YAML. */
export function scenarioLines(scenario: Scenario): readonly string[] {
  return yamlOf(givenOf(scenario).map(givenForm)).trimEnd().split('\n');
}

function folderOf(file: string): string {
  return join(dirname(file), FOLDER);
}

function textOf({ laws, breaches, scenario, seed, path }: Kept): string {
  const head = [
    'Found by araldo test --properties. Each run plays it before anything else; delete it if it no longer applies.',
    ...breaches.map(({ text }) => text),
    `seed ${seed}, path ${path}`,
  ];
  const comments = head.map((line) => `# ${line.replaceAll(/\s+/g, ' ')}\n`).join('');
  return `${comments}${yamlOf({ laws: laws.map(wordsOf), given: givenOf(scenario).map(givenForm) })}`;
}

/** Each step on a line of its own. */
function yamlOf(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Map: (_key, map, path) => {
      if (path.some((parent) => isMap(parent) && parent.flow === true)) return;
      // `- stall: archive` needs no braces.
      map.flow = path.length > 1 && !(map.items.length === 1 && isScalar(map.items[0]?.value));
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true, singleQuote: true });
}

async function readRegression(file: string, configuration: Configuration): Promise<Regression> {
  const text = await readFileText(file);
  const problems = createProblems(text);
  const tree = readYaml(text, shownPath(file), problems);
  const regression = tree.kind === 'map' ? readFields(tree, file, configuration, problems) : undefined;
  if (tree.kind !== 'map') expected('a map with laws: and given:', tree, problems);
  problems.throwIfAny();
  return regression as Regression;
}

function readFields(
  map: MapNode,
  file: string,
  configuration: Configuration,
  problems: Problems,
): Regression | undefined {
  checkKeys(map, { of: 'a regression', known: ['laws', 'given'] }, problems);
  const laws = readRequired(map, 'laws', problems, 'a list of laws', readLaws);
  const { endpoints, marshallers, routes } = configuration;
  const names = new Map([
    ...[...endpoints.keys()].map((name) => [name, 'endpoint'] as const),
    ...[...marshallers.keys()].map((name) => [name, 'marshaller'] as const),
  ]);
  const given = readGivens(map, givenContext({ endpoints, names, routes }, problems));
  readKey(map, 'given', problems, (node) => reportConditions(given, node, problems));
  if (laws === undefined) return undefined;
  return { file, laws, scenario: scenarioOf(given, configuration) };
}

function readLaws(node: Node, problems: Problems): readonly RelayLawName[] | undefined {
  const list = readList(node, problems, 'a list of laws');
  if (list?.items.length === 0) return expected('at least one law', list, problems);
  return list?.items.flatMap((item) => readLaw(item, problems) ?? []);
}

function readLaw(node: Node, problems: Problems): RelayLawName | undefined {
  const text = readText(node, problems, 'the name of a law');
  if (text === undefined) return undefined;
  const names = Object.keys(definitions) as RelayLawName[];
  const law = names.find((name) => wordsOf(name) === text);
  return law ?? expected('the name of a law', node, problems, suggestionFor(node, names.map(wordsOf)));
}

/** Laws know no conditions. */
function reportConditions(given: readonly GivenPart[], node: Node, problems: Problems): void {
  const conditional = given.find(({ when }) => when !== undefined);
  if (conditional !== undefined) {
    const spot = { ...node, place: conditional.place };
    problems.report('invalid-value', spot, 'expected times, found when: a law tries no conditions');
  }
}

function wordsOf(law: RelayLawName): string {
  return definitions[law].name;
}
