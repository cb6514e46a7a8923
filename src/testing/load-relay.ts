/** Where the configuration of a virtual relay comes from. */
import { builtins } from '../builtins.ts';
import type { Configuration } from '../config/configuration.ts';
import { type ConfigurationInput, loadConfiguration } from '../config/load.ts';
import type { OperatorDefinition } from '../core/operator.ts';
import type { AnyPlugin } from '../core/plugin.ts';
import { createRegistry } from '../runtime/registry.ts';
import { modelledPlugin } from './modelled-plugin.ts';

/** One of `file`, `yaml`, `value` and `configuration`. */
export interface RelaySource {
  /** The path of a YAML file. */
  readonly file?: string;
  /** YAML itself. */
  readonly yaml?: string;
  /** The same keys as an object. */
  readonly value?: Readonly<Record<string, unknown>>;
  /** One that is loaded already: the quickest way to many relays of it. */
  readonly configuration?: Configuration;
  /** What paths are relative to; that of the file, else the current one. */
  readonly directory?: string;
  /** For `${VAR}`; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Steps by the word in YAML, besides the built-in ones and files. */
  readonly operators?: Readonly<Record<string, OperatorDefinition>>;
  /** Plugins by their id, besides the built-in ones, packages and files. */
  readonly plugins?: Readonly<Record<string, AnyPlugin>>;
}

/**
 * Reads a configuration as the server does. Rejects with a `ConfigurationError`.
 *
 * @example
 * const configuration = await loadRelay({ file: 'araldo.yaml' });
 * const relayOf = () => virtualRelay({ configuration });
 */
export async function loadRelay(source: RelaySource): Promise<Configuration> {
  if (source.configuration !== undefined) return source.configuration;
  const { directory, env, plugins = {}, operators = {} } = source;
  const registry = createRegistry({
    plugins: {
      ...builtins.plugins,
      [modelledPlugin.id]: async () => modelledPlugin,
      ...Object.fromEntries(Object.entries(plugins).map(([id, plugin]) => [id, async () => plugin])),
    },
    operators: {
      ...builtins.operators,
      ...Object.fromEntries(
        Object.entries(operators).map(([name, operator]) => [name, async () => operator]),
      ),
    },
  });
  return loadConfiguration(inputOf(source), {
    registry,
    ...(directory === undefined ? {} : { directory }),
    ...(env === undefined ? {} : { env }),
  });
}

function inputOf({ file, yaml, value }: RelaySource): ConfigurationInput {
  const given = [file, yaml, value].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new TypeError(`expected one of file, yaml, value and configuration, found ${given.length}`);
  }
  if (file !== undefined) return { file };
  if (yaml !== undefined) return { text: yaml };
  return { value: value ?? {} };
}
