/** The folder beside the configuration in which failures are kept: each run plays them before anything new. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Document, isMap, isScalar, visit } from 'yaml';
import type { Configuration, GivenPart } from '../../config/configuration.ts';
import { checkKeys, expected, readKey, readRequired, readText, suggestionFor } from '../../config/fields.ts';
import { givenForm } from '../../config/print-tests.ts';
import { createProblems, type Problems } from '../../config/problem.ts';
import { readFileText } from '../../config/read-file.ts';
import { givenContext, readGivens } from '../../config/tests.ts';
import type { MapNode, Node } from '../../config/tree.ts';
import { readYaml } from '../../config/yaml.ts';
import type { Place } from '../../core/errors.ts';
import { definitions, type RelayLawName } from '../laws/relay-laws.ts';
import type { Scenario } from '../scenario.ts';
import { givenOf, scenarioOf } from './scenario-given.ts';

/** A case that has broken a law once. */
export interface Regression {
  readonly file: string;
  readonly law: RelayLawName;
  readonly scenario: Scenario;
  readonly place: Place;
}

/** What is written down of a failure. */
export interface Finding {
  readonly law: RelayLawName;
  readonly breach: string;
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
export async function keepRegression(file: string, finding: Finding): Promise<string> {
  const folder = folderOf(file);
  const text = textOf(finding);
  const digest = createHash('sha256')
    .update(JSON.stringify(givenOf(finding.scenario)))
    .digest('hex');
  const path = join(folder, `${wordsOf(finding.law).replaceAll(' ', '-')}-${digest.slice(0, 6)}.yaml`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, text);
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

function textOf({ law, breach, scenario, seed, path }: Finding): string {
  const { name, sentence } = definitions[law];
  const head = [
    'Found by araldo test --properties, which plays it again before anything else until it passes, and from then on.',
    `${name}: ${sentence}`,
    breach,
    `seed ${seed}, path ${path}`,
  ];
  const comments = head.map((line) => `# ${line.replaceAll(/\s+/g, ' ')}\n`).join('');
  return `${comments}law: ${name}\n${yamlOf({ given: givenOf(scenario).map(givenForm) })}`;
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
  if (tree.kind !== 'map') expected('a map with law: and given:', tree, problems);
  problems.throwIfAny();
  return regression as Regression;
}

function readFields(
  map: MapNode,
  file: string,
  configuration: Configuration,
  problems: Problems,
): Regression | undefined {
  checkKeys(map, { of: 'a regression', known: ['law', 'given'] }, problems);
  const law = readRequired(map, 'law', problems, 'the name of a law', readLaw);
  const { endpoints, marshallers, routes } = configuration;
  const names = new Map([
    ...[...endpoints.keys()].map((name) => [name, 'endpoint'] as const),
    ...[...marshallers.keys()].map((name) => [name, 'marshaller'] as const),
  ]);
  const given = readGivens(map, givenContext({ endpoints, names, routes }, problems));
  readKey(map, 'given', problems, (node) => reportConditions(given, node, problems));
  if (law === undefined) return undefined;
  return { file, law, scenario: scenarioOf(given, configuration), place: map.place };
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
