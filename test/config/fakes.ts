/** A registry of plugins that connect to nothing, each able to do other things. */
import { z } from 'zod';
import type { Registry } from '../../src/config/configuration.ts';
import {
  type Configuration,
  type ConfigurationError,
  type ConfigurationInput,
  type LoadOptions,
  loadConfiguration,
} from '../../src/config/load.ts';
import type { Problem } from '../../src/config/problem.ts';
import type { Capabilities } from '../../src/core/endpoint.ts';
import { defineOperator, type OperatorDefinition } from '../../src/core/operator.ts';
import { type AnyPlugin, defineEndpoint, defineMarshaller } from '../../src/core/plugin.ts';
import type { Schema } from '../../src/core/schema.ts';
import { condition } from '../../src/expression/option.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';

function never(): never {
  throw new Error('config makes nothing');
}

const pausable = {
  canPause: true,
  acks: false,
  redelivers: false,
  ordered: 'all',
  scope: 'local',
  carries: 'bytes',
} as const;
const sink = { confirms: 'handed', reaches: 'system', carries: 'bytes' } as const;

function endpoint<S extends Schema>(
  id: string,
  options: S,
  capabilities: (options: any) => Capabilities,
): AnyPlugin {
  return defineEndpoint({
    kind: 'endpoint',
    id,
    summary: id,
    options,
    capabilities,
    create: never,
  }) as AnyPlugin;
}

const channel = z.strictObject({ channel: z.string().optional() });

const plugins: readonly AnyPlugin[] = [
  ...['marshal-a', 'marshal-b'].map((id) =>
    defineMarshaller({
      kind: 'marshaller',
      id,
      summary: id,
      options: z.strictObject({ strict: z.boolean().optional() }),
      create: never,
    }),
  ),
  // Listens on a path, cannot redeliver.
  endpoint(
    'endpoint-socket',
    z.strictObject({
      path: z.string().startsWith('/', 'expected a path that begins with /').default('/ws'),
      frames: z.enum(['auto', 'text', 'binary']).default('auto'),
      'max-payload': size().optional(),
      ping: z.strictObject({ every: duration().default(1000) }).optional(),
      origins: z.array(z.string()).min(1).optional(),
      peer: z.union([z.string(), z.strictObject({ buffer: z.number() })]).optional(),
    }),
    ({ path }) => ({ source: pausable, sink, listensOn: [path] }),
  ),
  // Keeps messages until they are acknowledged.
  endpoint(
    'endpoint-queue',
    z.strictObject({ url: z.string(), tries: z.int().min(1).max(9).optional() }),
    () => ({
      source: { ...pausable, acks: true, redelivers: true },
      sink,
    }),
  ),
  // Cannot wait.
  endpoint('endpoint-radio', channel, () => ({ source: { ...pausable, canPause: false }, sink })),
  // Gives back what it is sent.
  endpoint('endpoint-echo', channel, ({ channel }) => ({
    source: { ...pausable, carries: 'values' },
    sink: { ...sink, carries: 'values', pipelines: false },
    writesTo: [`echo:${channel}`],
    readsFrom: [`echo:${channel}`],
  })),
  endpoint('endpoint-clock', z.strictObject({}), () => ({ source: pausable })),
  endpoint('endpoint-printer', z.strictObject({}), () => ({ sink })),
  endpoint('endpoint-moody', z.strictObject({}), () => {
    throw new Error('not today');
  }),
];

function operator<S extends Schema>(name: string, options: S): OperatorDefinition {
  return defineOperator({ kind: 'fn', name, summary: name, options, create: never }) as OperatorDefinition;
}

const operators: Readonly<Record<string, OperatorDefinition>> = {
  filter: operator('filter', condition()),
  tag: operator('tag', z.strictObject({ with: z.string(), times: z.int().positive().default(1) })),
  count: operator('count', z.strictObject({ every: z.int().optional() })),
  pass: operator('pass', z.undefined()),
  './own.ts': operator('own', z.strictObject({ tenant: z.string() })),
};

export interface Asked {
  readonly plugins: string[];
  readonly operators: string[];
}

/** `asked` says what config looked for. */
export function fakeRegistry(asked: Asked = { plugins: [], operators: [] }): Registry {
  return {
    async findPlugin(id) {
      asked.plugins.push(id);
      if (id === './broken.ts') throw new Error('its file does not parse');
      return plugins.find((plugin) => plugin.id === id);
    },
    async findOperator(use) {
      asked.operators.push(use);
      return Object.hasOwn(operators, use) ? operators[use] : undefined;
    },
    loadFile: async () => undefined,
    pluginIds: async () => plugins.map(({ id }) => id),
    operatorNames: () => Object.keys(operators).filter((name) => !name.startsWith('.')),
  };
}

export type Options = Partial<LoadOptions>;

export function load(text: string, options: Options = {}): Promise<Configuration> {
  return loadInput({ text, file: 'araldo.yaml' }, options);
}

export function loadInput(input: ConfigurationInput, options: Options = {}): Promise<Configuration> {
  return loadConfiguration(input, { registry: fakeRegistry(), env: {}, ...options });
}

/** The problems of a configuration that must have some. */
export async function problemsOf(text: string, options: Options = {}): Promise<readonly Problem[]> {
  return (await errorOf(load(text, options))).problems;
}

export async function errorOf(loading: Promise<Configuration>): Promise<ConfigurationError> {
  try {
    await loading;
  } catch (thrown) {
    if (Array.isArray((thrown as ConfigurationError).problems)) return thrown as ConfigurationError;
    throw thrown;
  }
  throw new Error('the configuration has no problem');
}

/** `code path line:column`, for short expectations. */
export function brief({ code, place }: Problem): string {
  return `${code} ${place.path ?? ''} ${place.line}:${place.column}`;
}
