/** `via:` and the named chains of `operators:`: steps found, their options parsed, chains put in their place. */
import type { OperatorDefinition } from '../core/operator.ts';
import type { SchemaResult } from '../core/schema.ts';
import type { StepPart } from './configuration.ts';
import type { ReadContext } from './context.ts';
import { checkKeys, readKey, readList, readMap, readText, reportThrown } from './fields.ts';
import { stepKeys } from './keys.ts';
import { laterOperators, notAvailable } from './later.ts';
import { validateOptions } from './options.ts';
import { didYouMean } from './suggest.ts';
import { found, type MapNode, type Node, plainOf } from './tree.ts';

/** Steps of one route, chains resolved: chains of chains could double them without end. */
export const MAX_STEPS = 256;

/** Chains within chains. */
export const MAX_CHAIN_DEPTH = 32;

export interface Steps {
  /** Reads a list of steps; a step that is wrong is reported and left out. */
  read(node: Node): Promise<readonly StepPart[]>;
}

interface Chain {
  readonly node: Node;
  parts?: readonly StepPart[];
}

/** Reads every chain too, so that the problems of one that no route uses are known. */
export async function readChains(root: MapNode, context: ReadContext): Promise<Steps> {
  const { problems, registry, directory } = context;
  const chains = new Map<string, Chain>();
  const map = readKey(root, 'operators', problems, (node) =>
    readMap(node, problems, 'a map of named chains'),
  );
  const builtIn = new Set(registry.operatorNames());
  for (const [name, { key, value }] of map?.entries ?? []) {
    if (builtIn.has(name)) {
      problems.report(
        'duplicate-name',
        key,
        `expected a name of its own, found that of the operator ${name}`,
      );
    } else chains.set(name, { node: value });
  }

  /** `within` are the chains whose steps are being read, the outermost first. */
  const resolve = async (
    name: string,
    chain: Chain,
    use: Node,
    within: readonly string[],
  ): Promise<readonly StepPart[]> => {
    if (chain.parts !== undefined) return chain.parts;
    if (within.includes(name)) {
      const circle = [...within.slice(within.indexOf(name)), name].join(' → ');
      problems.report('invalid-value', use, `expected chains without a circle, found ${circle}`);
      return [];
    }
    if (within.length >= MAX_CHAIN_DEPTH) {
      problems.report(
        'invalid-value',
        use,
        `expected at most ${MAX_CHAIN_DEPTH} chains within one another, found more`,
      );
      return [];
    }
    chain.parts = await read(chain.node, [...within, name]);
    return chain.parts;
  };

  const read = async (node: Node, within: readonly string[]): Promise<readonly StepPart[]> => {
    const parts: StepPart[] = [];
    for (const item of readList(node, problems, 'a list of steps')?.items ?? []) {
      const read = await readStep(item, within);
      if (parts.length + read.length > MAX_STEPS) {
        problems.report(
          'invalid-value',
          item,
          `expected at most ${MAX_STEPS} steps, chains resolved, found more`,
        );
        break;
      }
      parts.push(...read);
    }
    return parts;
  };

  const readStep = async (node: Node, within: readonly string[]): Promise<readonly StepPart[]> => {
    const written = writtenStep(node, context);
    if (written === undefined) return [];
    const { use, useNode, options } = written;
    const chain = chains.get(use);
    if (chain !== undefined) {
      if (options === undefined) return resolve(use, chain, useNode, within);
      problems.report(
        'invalid-value',
        options,
        `expected no options for the chain ${use}, found ${found(options)}`,
      );
      return [];
    }
    const definition = await findOperator(use, useNode);
    if (definition === undefined) return [];
    const part = await readOptions(use, definition, node, options);
    return part === undefined ? [] : [part];
  };

  const findOperator = async (use: string, node: Node): Promise<OperatorDefinition | undefined> => {
    try {
      const definition = await registry.findOperator(use, directory);
      if (definition !== undefined) return definition;
    } catch (thrown) {
      reportThrown(thrown, node, problems, 'plugin-failed');
      return undefined;
    }
    const later = notAvailable(use, laterOperators);
    if (later !== undefined) problems.report('not-available', node, later);
    else if (/^\.{0,2}\//.test(use)) {
      problems.report(
        'unknown-name',
        node,
        'expected the path of a step, relative to the configuration, found no file there',
      );
    } else {
      const names = [...builtIn, ...chains.keys()];
      const isHidden = node.kind === 'scalar' && node.written !== undefined;
      problems.report(
        'unknown-name',
        node,
        `no operator or chain has this name; there are: ${names.slice(0, 30).join(', ')}`,
        {
          suggestion: isHidden ? undefined : didYouMean(use, names),
        },
      );
    }
    return undefined;
  };

  /** Without options an operator gets nothing, or, when that is wrong, an empty map. */
  const readOptions = async (
    use: string,
    definition: OperatorDefinition,
    node: Node,
    options: Node | undefined,
  ): Promise<StepPart | undefined> => {
    const owner = { name: definition.name };
    const part = (value: unknown, plain: unknown): StepPart => ({
      plan: { use, with: plain },
      definition,
      options: value,
      place: node.place,
    });
    if (options !== undefined) {
      const plain = plainOf(options);
      const parsed = await validateOptions(definition.options, plain, options, owner, problems);
      return parsed === undefined ? undefined : part(parsed.value, plain);
    }
    for (const absent of [undefined, {}]) {
      const result = await attempt(definition, absent);
      if (result !== undefined && result.issues === undefined) return part(result.value, null);
    }
    problems.report('missing-key', node, `expected options for ${use}, found none; write {${use}: …}`);
    return undefined;
  };

  for (const [name, chain] of chains) await resolve(name, chain, chain.node, []);
  return { read: (node) => read(node, []) };
}

interface WrittenStep {
  readonly use: string;
  readonly useNode: Node;
  readonly options: Node | undefined;
}

/** `name`, `{name: options}` or `{use: name, with: options}`. */
function writtenStep(node: Node, { problems }: ReadContext): WrittenStep | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    const use = readText(node, problems);
    return use === undefined ? undefined : { use, useNode: node, options: undefined };
  }
  const map = readMap(node, problems, 'a step such as filter: …, a name, or {use: ./step.ts, with: {…}}');
  if (map === undefined) return undefined;
  if (map.entries.has('use')) {
    checkKeys(map, { of: 'a step', known: stepKeys }, problems);
    const use = readKey(map, 'use', problems, (node) => readText(node, problems, 'an operator or a path'));
    const useNode = map.entries.get('use')?.value ?? map;
    return use === undefined ? undefined : { use, useNode, options: given(map.entries.get('with')?.value) };
  }
  const [entry, another] = map.entries;
  if (entry === undefined || another !== undefined) {
    const wrong = another?.[1].key ?? map;
    const suggestion =
      another === undefined ? undefined : `a - before ${another[0]} makes it a step of its own`;
    problems.report(
      'invalid-value',
      wrong,
      'expected one operator in a step, found ' + (another ? 'another key' : 'none'),
      { suggestion },
    );
    return undefined;
  }
  const [use, { key, value }] = entry;
  const useNode: Node = { kind: 'scalar', value: use, isPlain: true, ...key };
  return { use, useNode, options: given(value) };
}

/** `filter:` with nothing behind it is `filter`. */
function given(node: Node | undefined): Node | undefined {
  return node?.kind === 'scalar' && node.value === null ? undefined : node;
}

async function attempt(
  { options }: OperatorDefinition,
  value: unknown,
): Promise<SchemaResult<unknown> | undefined> {
  try {
    return await options['~standard'].validate(value);
  } catch {
    // A schema that throws at nothing needs something: that is what the step is told.
    return undefined;
  }
}
