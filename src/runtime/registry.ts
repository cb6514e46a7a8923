/**
 * Finds plugins and operators by what the configuration calls them: built in, announced by a dependency's
 * package.json, a package's full name, or a path beside the configuration. Nothing else is ever loaded.
 */
import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Registry } from '../config/configuration.ts';
import { AraldoError } from '../core/errors.ts';
import type { OperatorDefinition } from '../core/operator.ts';
import type { AnyPlugin } from '../core/plugin.ts';
import { ownModuleUrl, shareOwnModules } from './own-modules.ts';

/** Imported only when a configuration uses it. */
export interface Builtins {
  /** By id. */
  readonly plugins: Readonly<Record<string, () => Promise<AnyPlugin>>>;
  readonly operators: Readonly<Record<string, () => Promise<OperatorDefinition>>>;
}

/** The `araldo` key of a package.json: what a package offers, by the words used in YAML, as paths in it. */
interface Announcement {
  readonly plugins?: Readonly<Record<string, string>>;
  readonly operators?: Readonly<Record<string, string>>;
}

interface Announced {
  readonly directory: string;
  readonly announcement: Announcement;
}

export function createRegistry(builtins: Builtins): Registry {
  /** By directory of a configuration; one entry in practice. */
  const announced = new Map<string, Promise<readonly Announced[]>>();

  const announcedIn = (directory: string): Promise<readonly Announced[]> => {
    let found = announced.get(directory);
    if (found === undefined) {
      found = readAnnouncements(directory);
      announced.set(directory, found);
    }
    return found;
  };

  const find = async (kind: 'plugins' | 'operators', use: string, directory: string): Promise<unknown> => {
    if (isPath(use)) return load(use, await realpath(resolve(directory, use)).catch(() => undefined));
    for (const { directory: home, announcement } of await announcedIn(directory)) {
      const path = announcement[kind]?.[use];
      if (path !== undefined) return load(use, await insideOf(home, path));
    }
    return load(use, resolvePackage(use, directory));
  };

  return {
    async findPlugin(id, directory) {
      if (Object.hasOwn(builtins.plugins, id)) return builtins.plugins[id]?.();
      const found = await find('plugins', id, directory);
      return found === undefined ? undefined : asPlugin(id, found);
    },
    async findOperator(use, directory) {
      if (Object.hasOwn(builtins.operators, use)) return builtins.operators[use]?.();
      const found = await find('operators', use, directory);
      return found === undefined ? undefined : asOperator(use, found);
    },
    async loadFile(path, directory) {
      const file = isPath(path) ? await realpath(resolve(directory, path)).catch(() => undefined) : undefined;
      const module = (await load(path, file)) as { readonly default?: unknown } | undefined;
      return module?.default;
    },
    async pluginIds(directory) {
      const others = await announcedIn(directory);
      return [
        ...Object.keys(builtins.plugins),
        ...others.flatMap(({ announcement }) => Object.keys(announcement.plugins ?? {})),
      ];
    },
    operatorNames: () => Object.keys(builtins.operators),
  };
}

function isPath(use: string): boolean {
  return use.startsWith('./') || use.startsWith('../');
}

async function load(use: string, file: string | undefined): Promise<unknown> {
  if (file === undefined) return undefined;
  shareOwnModules();
  try {
    return await import(await ownModuleUrl(file));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('plugin-invalid', `${use} could not be imported: ${reason}`, { cause: thrown });
  }
}

/**
 * The nearest package at or above `directory`, if it announces something, and those of its direct dependencies that do.
 * So the package of a plugin can have a configuration of its own, and use the words in it that its users will.
 */
async function readAnnouncements(directory: string): Promise<readonly Announced[]> {
  const home = await nearestPackage(directory);
  if (home === undefined) return [];
  const { araldo } = home.manifest;
  const own = araldo && { directory: await realpath(home.directory), announcement: araldo };
  const names = Object.keys({
    ...home.manifest.dependencies,
    ...home.manifest.optionalDependencies,
    ...home.manifest.devDependencies,
  });
  const found = await Promise.all(
    names.map(async (name): Promise<Announced | undefined> => {
      const folder = join(home.directory, 'node_modules', name);
      const manifest = await readManifest(join(folder, 'package.json'));
      if (manifest?.araldo === undefined) return undefined;
      return { directory: await realpath(folder), announcement: manifest.araldo };
    }),
  );
  return [own, ...found].filter((entry) => entry !== undefined);
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly araldo?: Announcement;
}

async function nearestPackage(
  directory: string,
): Promise<{ directory: string; manifest: Manifest } | undefined> {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const manifest = await readManifest(join(at, 'package.json'));
    if (manifest !== undefined) return { directory: at, manifest };
    if (dirname(at) === at) return undefined;
  }
}

async function readManifest(file: string): Promise<Manifest | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : undefined;
  } catch {
    // Not there, or not JSON: then it announces nothing, and an id that only it has is reported as unknown.
    return undefined;
  }
}

/** A package's announcement names files of that package, by real path, and no others. */
async function insideOf(home: string, path: string): Promise<string> {
  const file = await realpath(resolve(home, path)).catch(() => undefined);
  if (file === undefined || !file.startsWith(`${home}/`)) {
    throw new AraldoError('plugin-invalid', `expected a file inside ${home}, found ${path}`);
  }
  return file;
}

function resolvePackage(name: string, directory: string): string | undefined {
  try {
    return createRequire(join(directory, 'araldo.yaml')).resolve(name);
  } catch {
    return undefined;
  }
}

/** The definition that a module exports: as its default, or under the name of its kind. */
function exported(module: unknown, name: string): unknown {
  const { default: standard, [name]: named } = module as Record<string, unknown>;
  return standard ?? named;
}

function asPlugin(id: string, module: unknown): AnyPlugin {
  const plugin = exported(module, 'plugin') as Partial<AnyPlugin> | undefined;
  const isPlugin =
    (plugin?.kind === 'endpoint' || plugin?.kind === 'marshaller') &&
    typeof plugin.create === 'function' &&
    plugin.options?.['~standard'] !== undefined;
  if (isPlugin) return plugin as AnyPlugin;
  throw new AraldoError(
    'plugin-invalid',
    `expected ${id} to export defineEndpoint({…}) or defineMarshaller({…}) as its default`,
  );
}

function asOperator(use: string, module: unknown): OperatorDefinition {
  const operator = exported(module, 'operator') as Partial<OperatorDefinition> | undefined;
  const isOperator =
    (operator?.kind === 'fn' || operator?.kind === 'async' || operator?.kind === 'rx') &&
    typeof operator.create === 'function' &&
    operator.options?.['~standard'] !== undefined;
  if (isOperator) return operator as OperatorDefinition;
  throw new AraldoError('plugin-invalid', `expected ${use} to export defineOperator({…}) as its default`);
}
