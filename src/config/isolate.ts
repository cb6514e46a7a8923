/** `isolate: true`: each sink gets a consumer of its own. It is short for an endpoint and a route for each of them. */
import { createHash } from 'node:crypto';
import type { AnyPlugin } from '../core/plugin.ts';
import type { ReadContext } from './context.ts';
import { readFlag } from './fields.ts';
import { endpointKeys } from './keys.ts';
import type { Problems } from './problem.ts';
import { type Entry, type MapNode, type Node, plainOf, type ScalarNode } from './tree.ts';

interface Declared {
  readonly node: MapNode;
  readonly name: string;
}

/** A sink, or several of which one gets each message, with the consumer that it gets. */
interface Apart {
  readonly to: Node;
  readonly name: string;
}

const ISOLATE = 'isolate';

/**
 * The tree with such routes written out: `orders: { to: [archive, browsers], isolate: true }` becomes the routes
 * `orders/archive` and `orders/browsers`, which read from endpoints of these names; an endpoint that nothing else names
 * goes. Names and what they stand for at the other side are made of names alone, so they are the same after a restart.
 */
export async function writeOutIsolated(root: MapNode, context: ReadContext): Promise<MapNode> {
  const { problems } = context;
  const plugins = root.entries.get('plugins');
  const routes = root.entries.get('routes');
  if (routes?.value.kind !== 'map' || plugins?.value.kind !== 'list') return root;
  if (![...routes.value.entries.values()].some(({ value }) => mentions(value))) return root;
  const declared = plugins.value.items.flatMap(declaredIn);
  const consumers = new Map<string, MapNode>();
  const replaced = new Set<string>();
  const written = new Map<string, Entry>();
  const add = (name: string, entry: Entry): void => {
    if (written.has(name)) {
      const text = `expected a name of its own for the route ${name}, which isolate: true makes; rename the other`;
      problems.report('duplicate-name', entry.key, text);
    }
    written.set(name, entry);
  };

  for (const [route, entry] of routes.value.entries) {
    const map = mentions(entry.value) ? fullForm(entry.value) : undefined;
    const { apart, rest } = map === undefined ? { apart: [], rest: [] } : separate(map, problems);
    if (map === undefined || apart.length === 0) {
      const value = map?.entries.has('to') === true ? withKeys(map, { to: listOf(rest, map) }) : map;
      add(route, value === undefined ? entry : { ...entry, value: without(value, ISOLATE) });
      continue;
    }
    const ack = map.entries.get('ack')?.value;
    if (ack?.kind === 'scalar' && ack.value === 'first') {
      const text = 'expected ack: all beside isolate, whose sinks have messages of their own; leave ack out';
      problems.report('unkeepable-policy', ack, text);
    }
    const sources = sourcesOf(route, map);
    if (rest.length > 0) add(route, { ...entry, value: withKeys(map, { to: listOf(rest, map) }) });
    for (const { to, name } of apart) {
      const from: Node[] = [];
      for (const source of sources) {
        const own = `${source}/${source === route ? name : `${route}/${name}`}`;
        const suffix = suffixOf(source === route ? [name] : [route, name]);
        const base = declared.find((one) => one.name === source);
        const consumer = base && (await consumerOf(base, own, suffix, map, context));
        if (consumer !== undefined) consumers.set(own, consumer);
        replaced.add(source);
        from.push(text(consumer === undefined ? source : own, entry.value));
      }
      const value = withKeys(map, { from: listOf(from, map), to: listOf([to], map) });
      add(`${route}/${name}`, { ...entry, value });
    }
  }

  const left = { ...routes.value, entries: written };
  const used = namesIn(left);
  const items = plugins.value.items.filter((item) => {
    const [one] = declaredIn(item);
    return one === undefined || !replaced.has(one.name) || used.has(one.name);
  });
  const entries = new Map(root.entries)
    .set('plugins', { ...plugins, value: { ...plugins.value, items: [...items, ...consumers.values()] } })
    .set('routes', { ...routes, value: left });
  return { ...root, entries };
}

/** Whether the key stands in a route, or in an entry of its `to`. */
function mentions(node: Node): boolean {
  if (node.kind === 'list')
    return node.items.some((item) => item.kind === 'map' && item.entries.has(ISOLATE));
  if (node.kind !== 'map') return false;
  const to = node.entries.get('to')?.value;
  return node.entries.has(ISOLATE) || (to !== undefined && mentions(to));
}

/** The sinks that are to be isolated, and the others. */
function separate(map: MapNode, problems: Problems): { apart: readonly Apart[]; rest: readonly Node[] } {
  const all = flagOf(map, problems) ?? false;
  const to = map.entries.get('to')?.value;
  const items = to === undefined ? [] : to.kind === 'list' ? to.items : [to];
  const apart: Apart[] = [];
  const rest: Node[] = [];
  for (const item of items) {
    const own = item.kind === 'map' ? flagOf(item, problems) : undefined;
    const plain = item.kind === 'map' ? without(item, ISOLATE) : item;
    const name = sinksOf(plain).join('+');
    if (!(own ?? all) || name === '') rest.push(plain);
    else {
      const before = apart.filter((one) => one.name === name || one.name.startsWith(`${name}#`)).length;
      apart.push({ to: plain, name: before === 0 ? name : `${name}#${before + 1}` });
    }
  }
  return { apart, rest };
}

function flagOf(map: MapNode, problems: Problems): boolean | undefined {
  const value = map.entries.get(ISOLATE)?.value;
  return value === undefined ? undefined : readFlag(value, problems);
}

/** The endpoint once more, with what makes it a consumer of its own. Reports where there can be none. */
async function consumerOf(
  { name: endpoint, node }: Declared,
  name: string,
  suffix: string,
  route: MapNode,
  { registry, directory, problems }: ReadContext,
): Promise<MapNode | undefined> {
  const id = node.entries.get('id')?.value;
  if (id?.kind !== 'scalar' || typeof id.value !== 'string') return undefined;
  let plugin: AnyPlugin | undefined;
  try {
    plugin = await registry.findPlugin(id.value, directory);
  } catch {
    // Said where the plugins are read.
    return undefined;
  }
  if (plugin?.kind !== 'endpoint') return undefined;
  const options = plainOf(node, new Set(endpointKeys)) as Readonly<Record<string, unknown>>;
  const own = plugin.isolated?.(options, { endpoint, suffix }) ?? 'its messages come to one consumer alone';
  if (typeof own === 'string') {
    problems.report(
      'unkeepable-policy',
      route.entries.get(ISOLATE)?.key ?? route,
      `expected a source that can have a consumer for each sink; ${endpoint} (${id.value}) cannot: ${own}. ` +
        'Give the slow leg overflow: spill or drop-oldest instead',
    );
    return undefined;
  }
  const changed = Object.fromEntries(Object.entries(own).map(([key, value]) => [key, text(value, node)]));
  return withKeys(node, { ...changed, name: text(name, node) });
}

function declaredIn(node: Node): readonly Declared[] {
  const name = node.kind === 'map' ? node.entries.get('name')?.value : undefined;
  if (node.kind !== 'map' || name?.kind !== 'scalar' || typeof name.value !== 'string') return [];
  return [{ node, name: name.value }];
}

function sourcesOf(route: string, map: MapNode): readonly string[] {
  const from = map.entries.get('from')?.value;
  if (from === undefined) return [route];
  const items = from.kind === 'list' ? from.items : [from];
  return items.flatMap((item) => (item.kind === 'scalar' ? [String(item.value)] : []));
}

/** The names of the sinks of an entry of `to`. */
function sinksOf(node: Node): readonly string[] {
  if (node.kind === 'scalar') return typeof node.value === 'string' ? [node.value] : [];
  if (node.kind === 'list') return node.items.flatMap(sinksOf);
  return ['to', 'round-robin', 'fallback', 'over'].flatMap((key) => {
    const value = node.entries.get(key)?.value;
    return value === undefined ? [] : sinksOf(value);
  });
}

/** Every endpoint that some route names. */
function namesIn(routes: MapNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [name, { value }] of routes.entries) {
    const map = fullForm(value);
    if (map === undefined) continue;
    for (const source of sourcesOf(name, map)) names.add(source);
    const to = map.entries.get('to')?.value;
    for (const sink of to === undefined ? [] : sinksOf(to)) names.add(sink);
    const onError = map.entries.get('on-error')?.value;
    const letters = onError?.kind === 'map' ? onError.entries.get('dead-letter')?.value : undefined;
    if (letters?.kind === 'scalar') names.add(String(letters.value));
  }
  return names;
}

function fullForm(node: Node): MapNode | undefined {
  if (node.kind === 'map') return node;
  const { place, length } = node;
  const entries = new Map([['to', { key: { place, length }, value: node }]]);
  return { kind: 'map', entries, place, length };
}

function without(map: MapNode, key: string): MapNode {
  return { ...map, entries: new Map([...map.entries].filter(([name]) => name !== key)) };
}

function withKeys(map: MapNode, values: Readonly<Record<string, Node>>): MapNode {
  const entries = new Map(without(map, ISOLATE).entries);
  for (const [name, value] of Object.entries(values)) {
    entries.set(name, { key: map.entries.get(name)?.key ?? map, value });
  }
  return { ...map, entries };
}

function listOf(items: readonly Node[], { place, length }: Node): Node {
  return { kind: 'list', items, place, length };
}

function text(value: unknown, { place, length }: Node): ScalarNode {
  return { kind: 'scalar', value, isPlain: false, place, length };
}

/** Letters, digits, _ and - alone, which every system takes in a name; what was anything else is told apart by a hash. */
function suffixOf(names: readonly string[]): string {
  const plain = names.join('-').replace(/[^\w-]/g, '-');
  if (names.length === 1 && plain === names[0]) return plain;
  return `${plain}-${createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 8)}`;
}
