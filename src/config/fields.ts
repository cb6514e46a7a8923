/** Reading values of a tree: each reader gives the value, or reports what it is instead and gives nothing. */
import type { ErrorCode } from '../core/errors.ts';
import { AraldoError } from '../core/errors.ts';
import { isSizeText, parseSize } from '../options/size.ts';
import { levelOf } from './keys.ts';
import type { Problems } from './problem.ts';
import { didYouMean } from './suggest.ts';
import {
  found,
  isBroken,
  type ListNode,
  type MapNode,
  missingSpot,
  type Node,
  withoutValues,
} from './tree.ts';

export type Reader<T> = (node: Node, problems: Problems) => T | undefined;

/** Reports that something else was expected, unless the node is broken already. */
export function expected(what: string, node: Node, problems: Problems, suggestion?: string): undefined {
  if (node.kind === 'scalar' && node.isBroken === true) return;
  problems.report('invalid-value', node, `expected ${what}, found ${found(node)}`, { suggestion });
}

export function readMap(node: Node, problems: Problems, what = 'a map'): MapNode | undefined {
  return node.kind === 'map' ? node : expected(what, node, problems);
}

export function readList(node: Node, problems: Problems, what = 'a list'): ListNode | undefined {
  return node.kind === 'list' ? node : expected(what, node, problems);
}

export function readText(node: Node, problems: Problems, what = 'text'): string | undefined {
  if (
    node.kind === 'scalar' &&
    typeof node.value === 'string' &&
    node.isBroken !== true &&
    node.value !== ''
  ) {
    return node.value;
  }
  const isNumber =
    node.kind === 'scalar' && (typeof node.value === 'number' || typeof node.value === 'boolean');
  return expected(what, node, problems, isNumber ? 'in quotes it is text' : undefined);
}

export function readFlag(node: Node, problems: Problems): boolean | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
  return expected('true or false', node, problems);
}

export function integerReader(min: number, max: number): Reader<number> {
  return (node, problems) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    const isInRange = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    if (isInRange) return value;
    return expected(`an integer from ${min} to ${max}`, node, problems);
  };
}

/** One of a few words. */
export function wordReader<Word extends string>(words: readonly Word[]): Reader<Word> {
  return (node, problems) => {
    const value = node.kind === 'scalar' ? node.value : undefined;
    const word = words.find((word) => word === value);
    if (word !== undefined) return word;
    return expected(oneOf(words), node, problems, suggestionFor(node, words));
  };
}

/** Bytes: `16MiB`, or a number where the place is for nothing but bytes. */
export function bytesReader(min: number, max: number): Reader<number> {
  return (node, problems) => {
    if (node.kind !== 'scalar' || node.isBroken === true)
      return expected('a size such as 16MiB', node, problems);
    try {
      return parseSize(node.value, { min, max });
    } catch (thrown) {
      reportThrown(thrown, node, problems, 'invalid-value');
      return undefined;
    }
  };
}

export function isSize(node: Node): boolean {
  return node.kind === 'scalar' && isSizeText(node.value);
}

/** "did you mean" for a value; none for one that came from a variable, which it would tell. */
export function suggestionFor(node: Node, candidates: Iterable<string>): string | undefined {
  if (node.kind !== 'scalar' || node.written !== undefined || typeof node.value !== 'string')
    return undefined;
  return didYouMean(node.value, candidates);
}

/** Whether the name of a plugin or a step is that of a file. */
export function isPath(name: string): boolean {
  return /^\.{0,2}\//.test(name);
}

export function oneOf(words: readonly string[]): string {
  return joined(words, 'or');
}

/** `a, b and c` */
export function listOf(words: readonly string[]): string {
  return joined(words, 'and');
}

function joined(words: readonly string[], last: string): string {
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** What somebody else's code threw about a node, as a problem there. */
export function reportThrown(thrown: unknown, node: Node, problems: Problems, code: ErrorCode): void {
  if (isBroken(node)) return;
  const error = AraldoError.from(thrown, code);
  problems.report(error.code, node, withoutValues(error.message, node, `not usable: ${found(node)}`));
}

/** The value of a key, read; nothing when the key is not there. */
export function readKey<T>(map: MapNode, key: string, problems: Problems, reader: Reader<T>): T | undefined {
  const entry = map.entries.get(key);
  return entry === undefined ? undefined : reader(entry.value, problems);
}

/** The value of a key that must be there. */
export function readRequired<T>(
  map: MapNode,
  key: string,
  problems: Problems,
  what: string,
  reader: Reader<T>,
): T | undefined {
  if (map.entries.has(key)) return readKey(map, key, problems, reader);
  problems.report('missing-key', missingSpot(map, key), `expected ${what}, found nothing`);
  return undefined;
}

export interface KeyRules {
  /** What the map is, as a reader of the error would say it: `a route`. */
  readonly of: string;
  readonly known: readonly string[];
}

/** Reports every key that nothing reads. */
export function checkKeys(map: MapNode, rules: KeyRules, problems: Problems): void {
  const { known, of } = rules;
  for (const [name, { key }] of map.entries) {
    if (known.includes(name)) continue;
    const elsewhere = levelOf(name);
    const suggestion =
      didYouMean(name, known) ?? (elsewhere === undefined ? undefined : `${name} is a key of ${elsewhere}`);
    const list = suggestion === undefined ? ` (${known.join(', ')})` : '';
    const keys = `a key of ${of}${list}`;
    problems.report('unknown-key', key, `expected ${keys}, found ${JSON.stringify(name.slice(0, 60))}`, {
      suggestion,
    });
  }
}
