/** `tests:`: examples of what the routes do, for `araldo test`. Read with the rest, so that `check` finds what is wrong. */
import type { RoutePart, StagePart, TestPart } from './configuration.ts';
import { type DeclaredEndpoints, endpointReader } from './endpoint-reader.ts';
import { checkKeys, expected, readKey, readList, readMap, readRequired, readText } from './fields.ts';
import { testKeys, testStageKeys } from './keys.ts';
import type { Problems } from './problem.ts';
import { readExpect } from './test-expect.ts';
import { type GivenContext, readGiven } from './test-given.ts';
import { found, type MapNode, missingSpot, type Node } from './tree.ts';

/** More than these are better kept in several files. */
export const MAX_TESTS = 1_000;

/** What can be done in one stage. */
export const MAX_GIVEN = 1_000;

export const MAX_STAGES = 100;

export interface TestsOptions extends DeclaredEndpoints {
  readonly routes: ReadonlyMap<string, RoutePart>;
}

/** In the order of the file. */
export function readTests(root: MapNode, options: TestsOptions, problems: Problems): readonly TestPart[] {
  const list = readKey(root, 'tests', problems, (node) => readList(node, problems, 'a list of tests'));
  const items = list?.items ?? [];
  if (list !== undefined && items.length > MAX_TESTS) expected(`at most ${MAX_TESTS} tests`, list, problems);
  const context = givenContext(options, problems);
  const names = new Set<string>();
  return items.slice(0, MAX_TESTS).flatMap((item) => readTest(item, names, context) ?? []);
}

export function givenContext(options: TestsOptions, problems: Problems): GivenContext {
  const { endpoints, routes } = options;
  const readEndpoint = endpointReader(options, problems);
  return {
    problems,
    readEndpoint,
    readEither: (node) => {
      const name = node.kind === 'scalar' ? String(node.value) : '';
      const isSource = endpoints.get(name)?.capabilities.source !== undefined;
      return readEndpoint(node, isSource ? 'source' : 'sink')?.name;
    },
    routes,
  };
}

function readTest(node: Node, names: Set<string>, context: GivenContext): TestPart | undefined {
  const { problems } = context;
  const map = readMap(node, problems, 'a test with name:, given: and expect:');
  if (map === undefined) return undefined;
  checkKeys(map, { of: 'a test', known: testKeys }, problems);
  const name = readRequired(map, 'name', problems, 'the name of the test', (node) => {
    const text = readText(node, problems, 'the name of the test');
    if (text === undefined) return undefined;
    if (names.has(text)) {
      problems.report('duplicate-name', node, `expected a name of its own, found ${found(node)} again`);
    }
    names.add(text);
    return text;
  });
  const stages = [readStage(map, context), ...readThen(map, context)];
  if (name === undefined) return undefined;
  return { plan: { name, stages: stages.map(({ plan }) => plan) }, stages, place: node.place };
}

/** The stages after the first, under `then:`. */
function readThen(map: MapNode, context: GivenContext): readonly StagePart[] {
  const { problems } = context;
  const list = readKey(map, 'then', problems, (node) =>
    readList(node, problems, 'a list of stages, each with given: and expect:'),
  );
  const items = list?.items ?? [];
  if (list !== undefined && items.length >= MAX_STAGES)
    expected(`at most ${MAX_STAGES} stages`, list, problems);
  return items.slice(0, MAX_STAGES).flatMap((item) => {
    const stage = readMap(item, problems, 'a stage with given: and expect:');
    if (stage === undefined) return [];
    checkKeys(stage, { of: 'a stage', known: testStageKeys }, problems);
    return readStage(stage, context);
  });
}

function readStage(map: MapNode, context: GivenContext): StagePart {
  const { problems } = context;
  const given = readGivens(map, context);
  const expectMap = readKey(map, 'expect', problems, (node) =>
    readMap(node, problems, 'a map of endpoints, such as {archive: none}'),
  );
  if (!map.entries.has('expect')) {
    problems.report(
      'missing-key',
      missingSpot(map, 'expect'),
      'expected what endpoints receive, such as {archive: none}; found nothing',
    );
  }
  if (expectMap?.entries.size === 0) expected('at least one endpoint', expectMap, problems);
  // By name: the order of keys means nothing.
  const entries = [...(expectMap?.entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  const expects = entries.flatMap(([name, entry]) => readExpect(name, entry, context) ?? []);
  return {
    plan: {
      given: given.map(({ plan }) => plan),
      expect: Object.fromEntries(expects.map(({ endpoint, plan }) => [endpoint, plan])),
    },
    given,
    expects,
    place: map.place,
  };
}

/** A stage may be given nothing: then it is time that has passed. */
export function readGivens(map: MapNode, context: GivenContext): StagePart['given'] {
  const { problems } = context;
  const node = map.entries.get('given')?.value;
  if (node === undefined) return [];
  const items = node.kind === 'list' ? node.items : [node];
  if (items.length > MAX_GIVEN) expected(`at most ${MAX_GIVEN} steps in a stage`, node, problems);
  return items.slice(0, MAX_GIVEN).flatMap((item) => readGiven(item, context) ?? []);
}
