/** Text → Configuration: read, substitute, find what is named, check, and report all that is wrong at once. */
import { dirname, resolve } from 'node:path';
import type { Configuration, Registry } from './configuration.ts';
import type { ReadContext } from './context.ts';
import { readDefaults } from './defaults.ts';
import { checkKeys, expected } from './fields.ts';
import { writeOutIsolated } from './isolate.ts';
import { topKeys } from './keys.ts';
import type { Plan } from './plan.ts';
import { readPlugins } from './plugins.ts';
import { createProblems, type Problems } from './problem.ts';
import { readFileText } from './read-file.ts';
import { readRoutes } from './routes.ts';
import { readServer } from './server.ts';
import { readChains } from './steps.ts';
import { substitute } from './substitute.ts';
import { readTests } from './tests.ts';
import type { Entry, MapNode, Node } from './tree.ts';
import { readValue } from './value.ts';
import { createWarnings, warnOfRoutes } from './warnings.ts';
import { readYaml } from './yaml.ts';

export type { Configuration } from './configuration.ts';
export { ConfigurationError } from './problem.ts';

/** A file; text, with the name that problems are to give it; or the same keys as an object. */
export type ConfigurationInput =
  | { readonly file: string }
  | { readonly text: string; readonly file?: string }
  | { readonly value: Readonly<Record<string, unknown>> };

export interface LoadOptions {
  readonly registry: Registry;
  /** For `${VAR}`; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What paths in the configuration are relative to; that of the file unless given, else the current one. */
  readonly directory?: string;
}

/**
 * Reads a configuration. Opens no socket; imports the plugins that it uses, and reads the files of its
 * secrets and certificates.
 *
 * Rejects with a `ConfigurationError` that has every problem with its place, and with nothing else.
 *
 * @example
 * const { plan, warnings } = await loadConfiguration({ file: 'araldo.yaml' }, { registry });
 */
export async function loadConfiguration(
  input: ConfigurationInput,
  options: LoadOptions,
): Promise<Configuration> {
  const { registry, env = process.env } = options;
  const { tree, problems, directory } = await readInput(input, options);
  const substituted = await substitute(tree, { env, directory, problems });
  problems.hide(substituted.secrets);

  const configuration = await readConfiguration(substituted.tree, {
    problems,
    registry,
    directory,
    marshallers: new Set(),
  });
  problems.throwIfAny();
  return { ...configuration, secrets: [...substituted.secrets, ...configuration.secrets] };
}

async function readInput(
  input: ConfigurationInput,
  options: LoadOptions,
): Promise<{ tree: Node; problems: Problems; directory: string }> {
  if ('value' in input) {
    const problems = createProblems();
    return { tree: readValue(input.value, problems), problems, directory: resolve(options.directory ?? '.') };
  }
  const text = 'text' in input ? input.text : await readFileText(input.file);
  const problems = createProblems(text);
  const directory = options.directory ?? (input.file === undefined ? '.' : dirname(input.file));
  return { tree: readYaml(text, input.file, problems), problems, directory: resolve(directory) };
}

async function readConfiguration(tree: Node, context: ReadContext): Promise<Configuration> {
  const { problems } = context;
  const root = await writeOutIsolated(rootOf(tree, problems), context);
  checkKeys(root, { of: 'the top level', known: topKeys }, problems);

  const { warn, all: warnings } = createWarnings();
  const { plan: server, logLevel, tls, secrets } = await readServer(root, context, warn);
  const defaults = readDefaults(root, problems);
  const { marshallers, endpoints, names } = await readPlugins(root, defaults, context, warn);
  const steps = await readChains(root, { ...context, marshallers: new Set(marshallers.keys()) });
  const routes = await readRoutes(root, { defaults, endpoints, names, steps, warn }, context);
  warnOfRoutes({ routes, endpoints, marshallers }, warn);
  const tests = readTests(root, { endpoints, names, routes }, problems);

  const plan: Plan = {
    server,
    logLevel,
    marshallers: plansOf(marshallers),
    endpoints: plansOf(endpoints),
    routes: plansOf(routes),
    tests: tests.map(({ plan }) => plan),
  };
  return { plan, tls, marshallers, endpoints, routes, tests, warnings, secrets };
}

const sections: ReadonlySet<string> = new Set([
  'server-limits',
  'hosts',
  'defaults',
  'plugins',
  'operators',
  'routes',
  'tests',
]);

/**
 * The outermost map, without notes (`x-…`) and sections that are empty, such as `routes:` with nothing but
 * comments below. An empty file is an empty map.
 */
function rootOf(tree: Node, problems: Problems): MapNode {
  const { place, length } = tree;
  const isEmpty = tree.kind === 'scalar' && tree.value === null;
  if (tree.kind !== 'map') {
    if (!isEmpty) expected('a map with plugins: and routes:', tree, problems);
    return { kind: 'map', entries: new Map(), place, length };
  }
  const isEmptySection = ({ value }: Entry): boolean => value.kind === 'scalar' && value.value === null;
  const entries = [...tree.entries].filter(
    ([key, entry]) => !key.startsWith('x-') && !(sections.has(key) && isEmptySection(entry)),
  );
  return { ...tree, entries: new Map(entries) };
}

function plansOf<P>(parts: ReadonlyMap<string, { readonly plan: P }>): Record<string, P> {
  return Object.fromEntries([...parts].map(([name, { plan }]) => [name, plan]));
}
