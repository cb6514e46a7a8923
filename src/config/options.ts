/** Options of plugins and operators against their own schemas, with problems at the exact parts of the tree. */
import type { Schema, SchemaIssue } from '../core/schema.ts';
import { suggestionFor } from './fields.ts';
import { describe, type Issue, isMissingIssue, isZodSentence, leavesOf, pathOfIssue } from './issue.ts';
import { levelOf } from './keys.ts';
import type { Problems } from './problem.ts';
import { keysAt } from './schema-keys.ts';
import { didYouMean } from './suggest.ts';
import { found, isBroken, type MapNode, missingSpot, type Node, withoutValues } from './tree.ts';

export interface OptionsOwner {
  /** What reads the options, for errors: `endpoint-redis`. */
  readonly name: string;
  /** Keys that stand beside the options and are not theirs. */
  readonly besides?: readonly string[];
}

/** What the schema makes of the options; nothing when they are wrong, which is reported. */
export async function validateOptions(
  schema: Schema,
  value: unknown,
  node: Node,
  owner: OptionsOwner,
  problems: Problems,
): Promise<{ readonly value: unknown } | undefined> {
  let result: Awaited<ReturnType<Schema['~standard']['validate']>>;
  try {
    result = await schema['~standard'].validate(value);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const text = `the options' schema of ${owner.name} threw: ${reason}`;
    problems.report(
      'plugin-invalid',
      node,
      withoutValues(text, node, `the options' schema of ${owner.name} threw`),
    );
    return undefined;
  }
  if (result.issues === undefined) return isBroken(node) ? undefined : { value: result.value };
  reportIssues(result.issues, schema, node, owner, problems);
  return undefined;
}

/** Reports each issue at the part of the options that it is about. */
export function reportIssues(
  issues: readonly SchemaIssue[],
  schema: Schema,
  node: Node,
  owner: OptionsOwner,
  problems: Problems,
): void {
  for (const issue of (issues as readonly Issue[]).flatMap(leavesOf)) {
    reportIssue(issue, schema, node, owner, problems);
  }
}

function reportIssue(
  issue: Issue,
  schema: Schema,
  root: Node,
  owner: OptionsOwner,
  problems: Problems,
): void {
  const { node, rest } = locate(root, pathOfIssue(issue));
  if (issue.code === 'unrecognized_keys' && node.kind === 'map' && rest.length === 0) {
    const known = [...keysAt(schema, pathOfIssue(issue)), ...(node === root ? (owner.besides ?? []) : [])];
    for (const name of issue.keys ?? []) reportUnknownKey(name, node, known, owner, problems);
    return;
  }
  // What is wrong with or around a value that could not be substituted is known already.
  if (isBroken(node)) return;

  const isMissing = rest.length > 0 && isMissingIssue(issue);
  const words = describe(issue, isMissing ? 'nothing' : found(node));
  const text = withoutValues(words, node, `expected another value, found ${found(node)}`);
  const suggestion =
    issue.values === undefined ? suggestQuotes(issue, node) : suggestionFor(node, issue.values.map(String));
  problems.report(isMissing ? 'missing-key' : 'invalid-value', missingOr(node, rest), text, {
    suggestion: rest.length > 0 ? undefined : suggestion,
  });
}

function missingOr(node: Node, rest: readonly PropertyKey[]) {
  return rest.length === 0 ? node : missingSpot(node, ...rest);
}

function suggestQuotes(issue: Issue, node: Node): string | undefined {
  const isNumber =
    node.kind === 'scalar' && (typeof node.value === 'number' || typeof node.value === 'boolean');
  return issue.expected === 'string' && isZodSentence(issue) && isNumber ? 'in quotes it is text' : undefined;
}

function reportUnknownKey(
  name: string,
  map: MapNode,
  known: readonly string[],
  owner: OptionsOwner,
  problems: Problems,
): void {
  const spot = map.entries.get(name)?.key ?? map;
  const meant = didYouMean(name, known);
  const level = meant === undefined ? levelOf(name) : undefined;
  const list = meant === undefined && level === undefined ? ` (${known.join(', ')})` : '';
  const keys = known.length === 0 ? 'no key' : `a key that ${owner.name} reads${list}`;
  problems.report('unknown-key', spot, `expected ${keys}, found ${JSON.stringify(name.slice(0, 60))}`, {
    suggestion: level === undefined ? meant : `${name} is a key of ${level}`,
  });
}

/** The node at a path, or the last one on the way and the keys that lead on from it. */
function locate(root: Node, path: readonly PropertyKey[]): { node: Node; rest: readonly PropertyKey[] } {
  let node = root;
  for (const [index, key] of path.entries()) {
    const next =
      node.kind === 'map'
        ? node.entries.get(String(key))?.value
        : node.kind === 'list'
          ? node.items[Number(key)]
          : undefined;
    if (next === undefined) return { node, rest: path.slice(index) };
    node = next;
  }
  return { node, rest: [] };
}
