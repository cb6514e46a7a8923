/** The list `plugins:`: each entry found, its options parsed, its marshaller chosen. */
import type { Capabilities } from '../core/endpoint.ts';
import type { AnyPlugin, EndpointPlugin, MarshallerPlugin } from '../core/plugin.ts';
import { isOwnPath } from '../options/own-path.ts';
import type { EndpointPart, MarshallerPart } from './configuration.ts';
import type { ReadContext } from './context.ts';
import { type Defaults, deliveriesReader, inFlightReader } from './defaults.ts';
import {
  expected,
  isPath,
  readKey,
  readList,
  readMap,
  readRequired,
  readText,
  reportThrown,
  suggestionFor,
} from './fields.ts';
import { endpointKeys, marshallerKeys } from './keys.ts';
import { chooseMarshallers, NO_MARSHALLER, type Undecided } from './marshal.ts';
import { validateOptions } from './options.ts';
import { prepareOptions } from './prepare.ts';
import type { Problems } from './problem.ts';
import { type MapNode, type Node, pathOf, plainOf } from './tree.ts';
import type { Warn } from './warnings.ts';

export interface Plugins {
  readonly marshallers: ReadonlyMap<string, MarshallerPart>;
  readonly endpoints: ReadonlyMap<string, EndpointPart>;
  /** Every name that is declared, also by an entry with a problem: what it is there is known. */
  readonly names: ReadonlyMap<string, AnyPlugin['kind'] | 'unknown'>;
}

/** Names stand in logs, labels of metrics and drawings. */
const LONGEST_NAME = 128;

interface Declared {
  /** Absent where it is missing or taken, which is reported; the rest of the entry is still checked. */
  readonly name: string | undefined;
  readonly id: Node;
  readonly map: MapNode;
}

export async function readPlugins(
  root: MapNode,
  defaults: Defaults,
  context: ReadContext,
  warn: Warn,
): Promise<Plugins> {
  const names = new Map<string, AnyPlugin['kind'] | 'unknown'>();
  const marshallers = new Map<string, MarshallerPart>();
  const undecided: Undecided[] = [];
  const find = finder(context);

  for (const { name, id, map } of readDeclared(root, names, context)) {
    const plugin = await find(id);
    if (plugin === undefined) continue;
    if (name !== undefined) names.set(name, plugin.kind);
    if (plugin.kind === 'marshaller') {
      const part = await readMarshaller(name ?? '', plugin, id, map, context);
      if (part !== undefined && name !== undefined) marshallers.set(name, part);
    } else {
      const part = await readEndpoint(name ?? '', plugin, id, map, defaults, context);
      if (part !== undefined && name !== undefined) undecided.push(part);
    }
  }

  const endpoints = chooseMarshallers(undecided, { defaults, names, problems: context.problems, warn });
  checkPaths(endpoints, context);
  return { marshallers, endpoints, names };
}

/** The entries that have an id, each with its name if that is its own. */
function readDeclared(
  root: MapNode,
  names: Map<string, AnyPlugin['kind'] | 'unknown'>,
  { problems }: ReadContext,
): readonly Declared[] {
  const declared: Declared[] = [];
  const owners = new Map<string, Node>();
  const list = readKey(root, 'plugins', problems, (node) => readList(node, problems, 'a list of plugins'));
  for (const item of list?.items ?? []) {
    const map = readMap(item, problems, 'a plugin such as {name: browsers, id: endpoint-websocket}');
    if (map === undefined) continue;
    const name = readRequired(map, 'name', problems, 'a name', (node) => readName(node, owners, problems));
    if (name !== undefined) names.set(name, 'unknown');
    const id = readRequired(map, 'id', problems, 'the id of a plugin', (node) =>
      readText(node, problems, 'the id of a plugin') === undefined ? undefined : node,
    );
    if (id !== undefined) declared.push({ name, id, map });
  }
  return declared;
}

function readName(node: Node, owners: Map<string, Node>, problems: Problems): string | undefined {
  const name = readText(node, problems, 'a name');
  if (name === undefined) return undefined;
  if (name === NO_MARSHALLER) return expected('another name: none means no marshaller', node, problems);
  if (name.length > LONGEST_NAME) return expected('a name of at most 128 characters', node, problems);
  const owner = owners.get(name);
  if (owner === undefined) {
    owners.set(name, node);
    return name;
  }
  const where = owner.place.line === undefined ? pathOf(owner) : `line ${owner.place.line}`;
  problems.report('duplicate-name', node, `expected a name of its own, found that of ${where}`);
  return undefined;
}

/** Each plugin is looked for once, when the first entry uses it. */
function finder(context: ReadContext): (id: Node) => Promise<AnyPlugin | undefined> {
  const { registry, directory, problems } = context;
  const known = new Map<string, AnyPlugin>();
  return async (node) => {
    const id = String(plainOf(node));
    const before = known.get(id);
    if (before !== undefined) return before;
    let plugin: AnyPlugin | undefined;
    try {
      plugin = await registry.findPlugin(id, directory);
    } catch (thrown) {
      reportThrown(thrown, node, problems, 'plugin-failed');
      return undefined;
    }
    if (plugin === undefined) await reportUnknown(id, node, context);
    else known.set(id, plugin);
    return plugin;
  };
}

async function reportUnknown(
  id: string,
  node: Node,
  { registry, directory, problems }: ReadContext,
): Promise<void> {
  if (isPath(id)) {
    const what = 'expected the path of a plugin, relative to the configuration';
    problems.report('unknown-plugin', node, `${what}, found no file there`);
  } else {
    const ids = await registry.pluginIds(directory);
    const there = ids.length === 0 ? 'none is installed' : `there are: ${ids.slice(0, 20).join(', ')}`;
    const suggestion = suggestionFor(node, ids);
    problems.report('unknown-plugin', node, `no plugin has this id; ${there}`, { suggestion });
  }
}

async function readMarshaller(
  name: string,
  plugin: MarshallerPlugin,
  id: Node,
  map: MapNode,
  context: ReadContext,
): Promise<MarshallerPart | undefined> {
  const options = plainOf(map, new Set(marshallerKeys)) as Record<string, unknown>;
  const owner = { name: plugin.id, besides: marshallerKeys };
  const parsed = await validateOptions(plugin.options, options, map, owner, context.problems);
  if (parsed === undefined) return undefined;
  const prepared = await prepareOptions({ ...plugin, name: plugin.id }, parsed.value, map, context);
  if (prepared === undefined) return undefined;
  const plan = { name, id: String(plainOf(id)), options };
  return { plan, plugin, options: prepared.value, used: prepared.used, place: map.place };
}

async function readEndpoint(
  name: string,
  plugin: EndpointPlugin,
  id: Node,
  map: MapNode,
  defaults: Defaults,
  { problems }: ReadContext,
): Promise<Undecided | undefined> {
  const options = plainOf(map, new Set(endpointKeys)) as Record<string, unknown>;
  const maxInFlight = readKey(map, 'max-in-flight', problems, inFlightReader) ?? defaults.maxInFlight;
  const maxDeliveries = readKey(map, 'max-deliveries', problems, deliveriesReader) ?? defaults.maxDeliveries;
  const answersTo = readKey(map, 'answers-to', problems, readAddress);
  const owner = { name: plugin.id, besides: endpointKeys };
  const parsed = await validateOptions(plugin.options, options, map, owner, problems);
  if (parsed === undefined) return undefined;

  let capabilities: Capabilities;
  try {
    capabilities = plugin.capabilities(parsed.value);
  } catch (thrown) {
    reportThrown(thrown, map, problems, 'plugin-failed');
    return undefined;
  }
  if (answersTo !== undefined && capabilities.sink === undefined) {
    const text = 'expected answers-to at an endpoint that is sent to: it says where answers to that go';
    problems.report('wrong-role', map.entries.get('answers-to')?.value ?? map, text);
  }
  const address = answersTo === undefined ? {} : { answersTo };
  const plan = { name, id: String(plainOf(id)), options, maxInFlight, maxDeliveries, ...address };
  return { plan, plugin, options: parsed.value, capabilities, place: map.place, map };
}

function readAddress(node: Node, problems: Problems): string | undefined {
  return readText(node, problems, 'an address to answer to, such as the name of a queue');
}

/** Of overlapping patterns the first declared wins; equal ones would leave the second without a peer. */
function checkPaths(endpoints: ReadonlyMap<string, EndpointPart>, { problems }: ReadContext): void {
  const owners = new Map<string, string>();
  for (const [name, { capabilities, place }] of endpoints) {
    for (const pattern of new Set(capabilities.listensOn)) {
      const owner = owners.get(pattern);
      if (isOwnPath(pattern)) {
        const text = `expected a path that is not the server's own, such as /ws, found ${pattern}`;
        problems.report('reserved-path', { place, length: 1 }, text);
      } else if (owner === undefined) owners.set(pattern, name);
      else {
        const text = `expected a path of its own, found ${pattern}, on which ${owner} listens`;
        problems.report('reserved-path', { place, length: 1 }, text);
      }
    }
  }
}
