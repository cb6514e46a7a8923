/**
 * A configuration as a tree in which every part knows its place: what YAML and plain objects are read into,
 * and what everything else of config reads from.
 */
import type { Place } from '../core/errors.ts';
import { found as foundValue } from '../options/found.ts';
import type { Spot } from './problem.ts';

export type Node = ScalarNode | ListNode | MapNode;

export interface ScalarNode extends Spot {
  readonly kind: 'scalar';
  /** Text, number, boolean, null; from code also anything that is no list and no plain object. */
  readonly value: unknown;
  /** Written without quotes, so that what a variable makes of it is typed again. */
  readonly isPlain: boolean;
  /** The text as written, when the value came from a variable or a file: shown in its place. */
  readonly written?: string;
  /** It could not be substituted, which is reported already: nobody says anything more about it. */
  readonly isBroken?: boolean;
}

export interface ListNode extends Spot {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

export interface MapNode extends Spot {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly key: Spot;
  readonly value: Node;
}

/** Collections within collections; the document itself is the first. */
export const MAX_DEPTH = 64;

/** Parts of a tree, with all that aliases repeat. */
export const MAX_NODES = 50_000;

const LONGEST_KEY = 60;

/** `routes.orders`, `routes["my orders"]`. */
export function keyPath(parent: string, key: string): string {
  const short = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
  if (!/^[\p{L}\p{N}_…-]+$/u.test(short)) return `${parent}[${JSON.stringify(short)}]`;
  return parent === '' ? short : `${parent}.${short}`;
}

/** `via[2]`. */
export function indexPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

export function pathOf(spot: Spot): string {
  return spot.place.path ?? '';
}

/** A spot in `parent` for a key that is not there. */
export function missingSpot(parent: Spot, ...keys: readonly PropertyKey[]): Spot {
  const path = keys.reduce<string>(
    (at, key) => (typeof key === 'number' ? indexPath(at, key) : keyPath(at, String(key))),
    pathOf(parent),
  );
  const place: Place = { ...parent.place, path };
  return { place, length: 1 };
}

/** What stands there, as an error says it: never a value that came from a variable. */
export function found(node: Node): string {
  switch (node.kind) {
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
    case 'scalar':
      if (node.written !== undefined) return `the value of ${foundValue(node.written).slice(1, -1)}`;
      if (node.value === null) return 'nothing';
      if (typeof node.value === 'function' || typeof node.value === 'symbol') return `a ${typeof node.value}`;
      if (typeof node.value === 'object') return 'an object';
      return foundValue(node.value);
    default:
      return node satisfies never;
  }
}

/** The tree as plain data. Keys of `without` are left out of the outermost map. */
export function plainOf(node: Node, without?: ReadonlySet<string>): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.isBroken === true ? undefined : node.value;
    case 'list':
      return node.items.map((item) => plainOf(item));
    case 'map': {
      const entries = [...node.entries].filter(([key]) => without?.has(key) !== true);
      return Object.fromEntries(entries.map(([key, { value }]) => [key, plainOf(value)]));
    }
    default:
      return node satisfies never;
  }
}

/** Every scalar at or below a node, in the order of the file. */
export function* scalarsOf(root: Node): Generator<ScalarNode> {
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind === 'scalar') yield node;
    else for (const part of partsOf(node).reverse()) waiting.push(part);
  }
}

function partsOf(node: ListNode | MapNode): Node[] {
  return node.kind === 'list' ? [...node.items] : [...node.entries.values()].map(({ value }) => value);
}

/** Whether something at or below the node could not be substituted. */
export function isBroken(node: Node): boolean {
  return [...scalarsOf(node)].some((scalar) => scalar.isBroken === true);
}

/**
 * What somebody else's code says about a node, without the values that came from variables: quoted whole,
 * escaped, or cut short. `otherwise` is said where nothing else is safe.
 */
export function withoutValues(text: string, node: Node, otherwise: string): string {
  const hidden = [...scalarsOf(node)]
    .filter((scalar) => scalar.written !== undefined)
    .map((scalar) => String(scalar.value));
  if (hidden.length === 0) return text;
  const [before = '', after] = text.split(/, found (.*)$/su);
  // Long values are quoted by their beginnings.
  const carries = hidden.some((value) => {
    const beginning = value.slice(0, 8);
    return before.includes(beginning) || before.includes(JSON.stringify(beginning).slice(1, -1));
  });
  if (carries) return otherwise;
  return after === undefined ? before : `${before}, found ${found(node)}`;
}
