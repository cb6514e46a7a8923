/**
 * What is changed in the tree of a parsed expression before it is checked. All that relies on how the library
 * keeps its trees stands here.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { AraldoError } from '../core/errors.ts';
import { compilePattern } from './pattern.ts';
import { placeIn } from './place.ts';

/** A node as it really is: the library declares it read-only, and keeps `setMeta` to its macros. */
interface Node {
  readonly op: string;
  readonly input: string;
  readonly start: number;
  args: unknown;
  readonly meta: { readonly evaluate: Evaluate };
  setMeta(key: 'evaluate', evaluate: Evaluate): Node;
}

type Evaluate = (evaluator: Evaluator, node: Node, context: unknown) => unknown;

interface Evaluator {
  run(node: Node, context: unknown): unknown;
}

/** Evaluating recurses about three calls for each level. */
const DEEPEST = 256;

/**
 * - Literals that are compared, divided or put into lists and maps become doubles: the data's numbers are,
 *   `7 / 2` is 3.5, and what comes out need not be converted.
 * - Map literals become objects whose keys are nothing but keys.
 * - Patterns of `matches()` are compiled, by a matcher whose time is bounded; only literals are patterns.
 * - A tree too deep to be evaluated on an ordinary stack is refused; the parser only bounds what nests.
 *
 * Throws an `AraldoError` (`invalid-expression`).
 */
export function adjust(root: ASTNode): void {
  const open: { node: Node; depth: number }[] = [{ node: root as unknown as Node, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (depth > DEEPEST) throw refusal(node, `an expression nested deeper than ${DEEPEST} levels`);
    if (doubled.has(node.op)) for (const operand of childrenOf(node)) toDouble(operand);
    if (node.op === 'map') adjustMap(node);
    if (node.op === 'rcall') adjustMatches(node);
    for (const child of childrenOf(node)) open.push({ node: child, depth: depth + 1 });
  }
}

const doubled: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', '/', 'list', 'map']);

function toDouble(node: Node): void {
  const literal = node.op === '-_' ? (node.args as Node) : node;
  if (literal.op !== 'value' || typeof literal.args !== 'bigint') return;
  const value = Number(literal.args);
  if (Number.isSafeInteger(value)) literal.args = value;
}

/** The library would leave out some keys without a word. */
function adjustMap(node: Node): void {
  const entries = node.args as [Node, Node][];
  for (const [key] of entries) {
    if (key.op === 'value' && key.args === '__proto__') throw refusal(key, 'the key "__proto__"');
  }
  // Of an empty one the library makes an object by itself.
  if (entries.length > 0) node.setMeta('evaluate', evaluateMap);
}

function evaluateMap(evaluator: Evaluator, node: Node, context: unknown): unknown {
  const result: Record<string, unknown> = {};
  for (const [keyNode, valueNode] of node.args as [Node, Node][]) {
    const key = String(evaluator.run(keyNode, context));
    if (key === '__proto__') throw new RangeError('a map cannot have the key "__proto__"');
    result[key] = evaluator.run(valueNode, context);
  }
  return result;
}

function adjustMatches(node: Node): void {
  const [method, receiver, [pattern]] = node.args as [string, Node, Node[]];
  if (method !== 'matches' || pattern === undefined) return;
  if (pattern.op !== 'value' || typeof pattern.args !== 'string') {
    throw refusal(pattern, 'a pattern of matches() that is not literal text');
  }
  let isMatch: (text: string) => boolean;
  try {
    isMatch = compilePattern(pattern.args);
  } catch (thrown) {
    throw refusal(pattern, `the pattern ${JSON.stringify(pattern.args)}`, thrown);
  }
  const { evaluate } = node.meta;
  node.setMeta('evaluate', (evaluator, self, context) => {
    const text = evaluator.run(receiver, context);
    // What is no text fails as the library has it.
    return typeof text === 'string' ? isMatch(text) : evaluate(evaluator, self, context);
  });
}

/** The nodes right below one, wherever its arguments keep them. */
function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  const collect = (part: unknown): void => {
    if (Array.isArray(part)) for (const each of part) collect(each);
    else if (typeof part === 'object' && part !== null && 'op' in part) found.push(part as Node);
  };
  collect(node.args);
  return found;
}

function refusal(node: Node, what: string, cause?: unknown): AraldoError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const where = placeIn(node.input, node.start);
  return new AraldoError('invalid-expression', `${what} is not allowed ${where}${why}`, { cause });
}
