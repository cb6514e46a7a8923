/** The operator of a step: found by its name or path, its options parsed. */
import type { OperatorDefinition } from '../core/operator.ts';
import type { SchemaResult } from '../core/schema.ts';
import { readBranching } from './branching.ts';
import type { StepPart } from './configuration.ts';
import type { ReadContext } from './context.ts';
import { isPath, reportThrown, suggestionFor } from './fields.ts';
import { notAvailable } from './later.ts';
import { validateOptions } from './options.ts';
import { prepareOptions } from './prepare.ts';
import type { WrittenStep } from './step-form.ts';
import { type Node, plainOf } from './tree.ts';

/** `names` are those of all operators and chains, for suggestions. `node` is the whole step. */
export async function readOperator(
  written: WrittenStep,
  node: Node,
  names: readonly string[],
  context: ReadContext,
  readSteps: (node: Node) => Promise<readonly StepPart[]>,
): Promise<StepPart | undefined> {
  const { use, useNode } = written;
  const definition = await findOperator(use, useNode, names, context);
  if (definition === undefined) return undefined;
  const parsed = await parseOptions(written, node, definition, context);
  if (parsed === undefined) return undefined;
  const at = written.options ?? node;
  const prepared = await prepareOptions(definition, parsed.value, at, context);
  if (prepared === undefined || !hasMarshaller(definition, prepared.value, at, context)) return undefined;
  const { branching } = definition;
  if (branching === undefined) {
    const plan = { use, with: parsed.plain };
    const { value, used } = prepared;
    return { plan, definition, options: value, used, inner: [], place: node.place };
  }
  const branches = await readBranching(branching, prepared.value, parsed.plain, at, readSteps);
  return {
    plan: { use, with: branches.plain, branches: branches.plan },
    definition,
    options: branches.options,
    used: prepared.used,
    inner: branches.inner,
    place: node.place,
  };
}

/** Whether the marshaller that its options name is declared; if not, that is reported. */
function hasMarshaller(
  definition: OperatorDefinition,
  options: unknown,
  node: Node,
  { marshallers, problems }: ReadContext,
): boolean {
  const name = definition.marshaller?.(options);
  if (name === undefined || marshallers.has(name)) return true;
  const there = marshallers.size === 0 ? 'none is declared' : `there are: ${[...marshallers].join(', ')}`;
  const suggestion = suggestionFor(node, marshallers);
  problems.report('unknown-name', node, `no marshaller has this name; ${there}`, { suggestion });
  return false;
}

/** The options as the schema has them, and as they were written. */
async function parseOptions(
  { use, options }: WrittenStep,
  node: Node,
  definition: OperatorDefinition,
  { problems }: ReadContext,
): Promise<{ readonly value: unknown; readonly plain: unknown } | undefined> {
  if (options !== undefined) {
    const plain = plainOf(options);
    const owner = { name: definition.name };
    const parsed = await validateOptions(definition.options, plain, options, owner, problems);
    return parsed === undefined ? undefined : { value: parsed.value, plain };
  }
  // Without options an operator gets nothing, or, when that is wrong, an empty map.
  for (const absent of [undefined, {}]) {
    const result = await attempt(definition, absent);
    if (result !== undefined && result.issues === undefined) return { value: result.value, plain: null };
  }
  const cure = `expected options for ${use}, found none; write {${use}: …}`;
  problems.report('missing-key', node, cure);
  return undefined;
}

async function findOperator(
  use: string,
  node: Node,
  names: readonly string[],
  { registry, directory, problems }: ReadContext,
): Promise<OperatorDefinition | undefined> {
  try {
    const definition = await registry.findOperator(use, directory);
    if (definition !== undefined) return definition;
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'plugin-failed');
    return undefined;
  }
  const later = notAvailable(use);
  if (later !== undefined) problems.report('not-available', node, later);
  else if (isPath(use)) {
    const what = 'expected the path of a step, relative to the configuration';
    problems.report('unknown-name', node, `${what}, found no file there`);
  } else {
    const there = `there are: ${names.slice(0, 30).join(', ')}`;
    const suggestion = suggestionFor(node, names);
    problems.report('unknown-name', node, `no operator or chain has this name; ${there}`, { suggestion });
  }
  return undefined;
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
