/** `via:` and the named chains of `operators:`: steps found, their options parsed, chains put in their place. */
import type { StepPart } from './configuration.ts';
import type { ReadContext } from './context.ts';
import { readKey, readList, readMap } from './fields.ts';
import { readOperator } from './operators.ts';
import { writtenStep } from './step-form.ts';
import { found, type MapNode, type Node } from './tree.ts';

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
  const { problems, registry } = context;
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

  const names = [...builtIn, ...chains.keys()];

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
      if (countOf(parts) + countOf(read) > MAX_STEPS) {
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
    const part = await readOperator(written, node, names, context, (steps) => read(steps, within));
    return part === undefined ? [] : [part];
  };

  for (const [name, chain] of chains) await resolve(name, chain, chain.node, []);
  return { read: (node) => read(node, []) };
}

/** Those within others count too. */
function countOf(parts: readonly StepPart[]): number {
  return parts.reduce((sum, { inner }) => sum + 1 + countOf(inner), 0);
}
