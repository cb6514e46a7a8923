/** A plain object given by code as a tree: the same keys as in YAML, with paths for places. */
import type { Problems, Spot } from './problem.ts';
import { type Entry, indexPath, keyPath, MAX_DEPTH, MAX_NODES, type Node } from './tree.ts';

/** Throws a `ConfigurationError` for an object that is too deep, too large, or contains itself. */
export function readValue(value: unknown, problems: Problems): Node {
  let count = 0;

  const limit = (here: Spot, words: string): void => {
    problems.report('yaml-limit', here, words);
    problems.fail();
  };

  const nodeOf = (value: unknown, path: string, depth: number): Node => {
    const here: Spot = { place: { path }, length: 1 };
    count += 1;
    if (count > MAX_NODES) limit(here, `expected at most ${MAX_NODES} values, found more`);
    // An object that contains itself has no end: this is its end.
    if (depth > MAX_DEPTH) limit(here, `expected at most ${MAX_DEPTH} levels of nesting, found more`);
    if (Array.isArray(value)) {
      const items = value.map((item: unknown, index) => nodeOf(item, indexPath(path, index), depth + 1));
      return { kind: 'list', items, ...here };
    }
    if (!isPlainObject(value)) return { kind: 'scalar', value: value ?? null, isPlain: true, ...here };
    const entries = new Map<string, Entry>();
    for (const [name, item] of Object.entries(value)) {
      const inside = keyPath(path, name);
      const key: Spot = { place: { path: inside }, length: 1 };
      if (name === '__proto__') problems.report('yaml-invalid', key, 'expected another key');
      // As in an object literal with a condition: `{ when: isStrict ? '…' : undefined }`.
      else if (item !== undefined) entries.set(name, { key, value: nodeOf(item, inside, depth + 1) });
    }
    return { kind: 'map', entries, ...here };
  };

  const tree = nodeOf(value, '', 1);
  problems.throwIfAny();
  return tree;
}

/** Everything else, such as a Date, a Map, a function or an own class, is a value for a plugin to judge. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
