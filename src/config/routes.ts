/** `routes:` in the original form and the full one. */
import { readAck } from './ack.ts';
import type { BranchOptions } from './branches.ts';
import type { RoutePart } from './configuration.ts';
import type { ReadContext } from './context.ts';
import type { Defaults } from './defaults.ts';
import { type DeclaredEndpoints, endpointReader, type ReadEndpoint } from './endpoint-reader.ts';
import { checkKeys, expected, oneOf, readFlag, readKey, readMap, suggestionFor } from './fields.ts';
import { checkGathers } from './gathers.ts';
import { checkStated, guaranteeReader } from './guarantee/stated.ts';
import { routeKeys } from './keys.ts';
import { type OverflowSpec, readOverflow } from './overflow.ts';
import type { OnError } from './plan.ts';
import { defaultOnError } from './policy.ts';
import { readPredicate } from './predicate.ts';
import type { Spot } from './problem.ts';
import { readRetry } from './retry.ts';
import type { RouteSource } from './route-source.ts';
import { checkSpillFiles } from './spill.ts';
import type { Steps } from './steps.ts';
import { readTargets } from './targets.ts';
import { type Entry, found, type MapNode, missingSpot, type Node } from './tree.ts';
import type { Warn } from './warnings.ts';

export interface RoutesOptions extends DeclaredEndpoints {
  readonly defaults: Defaults;
  readonly steps: Steps;
  readonly warn: Warn;
}

/** By name, in the order of names: the order of keys means nothing. */
export async function readRoutes(
  root: MapNode,
  options: RoutesOptions,
  context: ReadContext,
): Promise<ReadonlyMap<string, RoutePart>> {
  const { problems } = context;
  const routes = new Map<string, RoutePart>();
  const map = readKey(root, 'routes', problems, (node) => readMap(node, problems, 'a map of routes'));
  const byName = [...(map?.entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { key, value }] of byName) {
    const route = await readRoute(name, key, value, options, context);
    if (route !== undefined) routes.set(name, route);
  }
  checkSpillFiles(routes, problems);
  checkGathers(routes, options.endpoints, problems);
  checkGuarantees(byName, routes, options, problems);
  return routes;
}

/** When all routes are known: what one does with a message of a source may concern another. */
function checkGuarantees(
  entries: readonly (readonly [string, Entry])[],
  routes: ReadonlyMap<string, RoutePart>,
  { endpoints }: RoutesOptions,
  problems: ReadContext['problems'],
): void {
  for (const [name, { value }] of entries) {
    const route = routes.get(name);
    const stated = value.kind === 'map' ? value.entries.get('guarantee')?.value : undefined;
    if (route?.plan.guarantee === undefined || stated === undefined) continue;
    checkStated(route, stated, routes, endpoints, problems);
  }
}

async function readRoute(
  name: string,
  key: Spot,
  node: Node,
  options: RoutesOptions,
  context: ReadContext,
): Promise<RoutePart | undefined> {
  const { problems } = context;
  const readEndpoint = endpointReader(options, problems);
  const map = fullForm(node, problems);
  if (map === undefined) return undefined;
  checkKeys(map, { of: 'a route', known: routeKeys }, problems);

  const sources = readSources(name, key, map, readEndpoint, context);
  const known: RouteSource[] = sources.flatMap(({ name, endpoint }) =>
    endpoint === undefined
      ? []
      : [{ name, capabilities: endpoint.capabilities, maxInFlight: endpoint.plan.maxInFlight }],
  );
  const via = map.entries.get('via')?.value;
  const steps = via === undefined ? [] : await options.steps.read(via);
  const overflow: OverflowSpec = readOverflow(map, problems);
  const allowsLoss = readKey(map, 'allow-upstream-loss', problems, readFlag) ?? false;
  const branchOptions: BranchOptions = {
    readEndpoint,
    directory: context.directory,
    when: readKey(map, 'when', problems, readPredicate),
    overflow,
    retry: readKey(map, 'retry', problems, readRetry),
    defaults: options.defaults.overflow,
    sources: known,
    allowsLoss,
    problems,
    warn: options.warn,
  };
  const { branches, targets } = readTargets(map, branchOptions);
  const ack = readAck(map, { branches, targets }, problems, options.warn);
  const guarantee = readKey(map, 'guarantee', problems, guaranteeReader);
  const onError = readKey(map, 'on-error', problems, (node) => readOnError(node, readEndpoint, context));

  return {
    plan: {
      name,
      from: sources.map((source) => source.name),
      via: steps.map(({ plan }) => plan),
      to: branches.map(({ plan }) => plan),
      ...(targets === undefined ? {} : { targets: targets.map(({ plan }) => plan) }),
      ...(ack === undefined ? {} : { ack }),
      onError: onError ?? defaultOnError(known),
      ...(guarantee === undefined ? {} : { guarantee }),
      ...(allowsLoss ? { allowUpstreamLoss: true } : {}),
    },
    steps,
    branches,
    targets,
    place: key.place,
  };
}

/** A list, or one sink, is the value of `to`. */
function fullForm(node: Node, problems: ReadContext['problems']): MapNode | undefined {
  if (node.kind === 'map') return node;
  const isShort = node.kind === 'list' || (node.kind === 'scalar' && typeof node.value === 'string');
  if (!isShort) return expected('a list of sinks, or a map with to:', node, problems);
  const { place, length } = node;
  return { kind: 'map', entries: new Map([['to', { key: { place, length }, value: node }]]), place, length };
}

function readSources(name: string, key: Spot, map: MapNode, read: ReadEndpoint, { problems }: ReadContext) {
  const from = map.entries.get('from')?.value;
  const items: readonly Node[] =
    from === undefined
      ? [{ kind: 'scalar', value: name, isPlain: true, ...key }]
      : from.kind === 'list'
        ? from.items
        : [from];
  if (items.length === 0 && from !== undefined) expected('at least one endpoint', from, problems);
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const source = read(item, 'source');
    if (source === undefined) return [];
    if (seen.has(source.name)) {
      problems.report('duplicate-name', item, `expected each source once, found ${found(item)} again`);
    }
    seen.add(source.name);
    return source;
  });
}

const onErrorWords = ['discard', 'nack', 'hold'] as const;

function readOnError(node: Node, read: ReadEndpoint, { problems }: ReadContext): OnError | undefined {
  const what = `${oneOf(onErrorWords)} or {dead-letter: <endpoint>}`.replace(' or hold', ', hold');
  if (node.kind === 'map') {
    checkKeys(node, { of: 'on-error', known: ['dead-letter'] }, problems);
    const name = node.entries.get('dead-letter')?.value;
    if (name === undefined) {
      problems.report(
        'missing-key',
        missingSpot(node, 'dead-letter'),
        'expected the name of an endpoint, found nothing',
      );
      return undefined;
    }
    const sink = read(name, 'sink');
    return sink === undefined ? undefined : { deadLetter: sink.name };
  }
  const word = onErrorWords.find((word) => node.kind === 'scalar' && word === node.value);
  return word ?? expected(what, node, problems, suggestionFor(node, [...onErrorWords, 'dead-letter']));
}
