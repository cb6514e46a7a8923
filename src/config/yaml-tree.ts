/** A parsed YAML document as a tree: aliases resolved and counted, keys compared, every part with its place. */
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import type { Problems, Spot } from './problem.ts';
import { type Entry, indexPath, keyPath, MAX_DEPTH, MAX_NODES, type Node } from './tree.ts';

export const MAX_ALIASES = 100;

export interface YamlReading {
  readonly problems: Problems;
  /** The place of an offset in the text. */
  readonly spot: (offset: number, length: number, path?: string) => Spot;
}

/** Throws a `ConfigurationError` for what YAML allows and araldo does not. */
export function treeOf(document: Document.Parsed, reading: YamlReading): Node {
  const targets = resolveAliases(document, reading);
  reading.problems.throwIfAny();
  const tree = build(document, targets, reading);
  reading.problems.throwIfAny();
  return tree;
}

/** An alias stands for the last node before it that has its anchor, in the order of the file. */
function resolveAliases(
  document: Document.Parsed,
  { problems, spot }: YamlReading,
): ReadonlyMap<Alias, unknown> {
  const anchors = new Map<string, unknown>();
  const open = new Set<unknown>();
  const targets = new Map<Alias, unknown>();

  const resolve = (alias: Alias): void => {
    const [from, to] = alias.range ?? [0, 1];
    const here = spot(from, to - from);
    const target = anchors.get(alias.source);
    if (targets.size >= MAX_ALIASES) {
      problems.report('yaml-limit', here, `expected at most ${MAX_ALIASES} aliases, found more`);
      problems.fail();
    }
    if (target === undefined) {
      problems.report(
        'yaml-invalid',
        here,
        `expected an anchor &${alias.source} before this alias, found none`,
      );
    } else if (open.has(target)) {
      problems.report(
        'yaml-invalid',
        here,
        `expected an alias of something else, found *${alias.source} inside it`,
      );
    }
    targets.set(alias, target);
  };

  const visit = (node: unknown): void => {
    if (isAlias(node)) return resolve(node);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return;
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return;
    open.add(node);
    for (const item of node.items) {
      if (isMap(node)) visit((item as Pair).value);
      else visit(item);
    }
    open.delete(node);
  };

  visit(document.contents);
  return targets;
}

function build(document: Document.Parsed, targets: ReadonlyMap<Alias, unknown>, reading: YamlReading): Node {
  const { problems, spot } = reading;
  let count = 0;

  const checkLimits = (depth: number, here: Spot): void => {
    count += 1;
    if (count > MAX_NODES) {
      problems.report(
        'yaml-limit',
        here,
        `expected at most ${MAX_NODES} values, aliases resolved, found more`,
      );
      problems.fail();
    }
    if (depth > MAX_DEPTH) {
      problems.report('yaml-limit', here, `expected at most ${MAX_DEPTH} levels of nesting, found more`);
      problems.fail();
    }
  };

  /** `parent` is where an empty value stands. */
  const nodeOf = (node: unknown, path: string, depth: number, parent: Spot): Node => {
    if (isAlias(node)) return nodeOf(targets.get(node), path, depth, parent);
    const known = isMap(node) || isSeq(node) || isScalar(node);
    const [from, to] = (known ? node.range : undefined) ?? [];
    const here =
      from === undefined || to === undefined || from === to
        ? { length: parent.length, place: { ...parent.place, path } }
        : spot(from, to - from, path);

    if (isSeq(node)) {
      checkLimits(depth + 1, here);
      const items = node.items.map((item, index) => nodeOf(item, indexPath(path, index), depth + 1, here));
      return { kind: 'list', items, ...here };
    }
    if (isMap(node)) {
      checkLimits(depth + 1, here);
      return { kind: 'map', entries: entriesOf(node, path, depth + 1, here), ...here };
    }
    checkLimits(depth, here);
    if (!isScalar(node)) return { kind: 'scalar', value: null, isPlain: true, ...here };
    const { value, source = '' } = node;
    if (typeof value === 'number' && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(source)) {
      problems.report(
        'invalid-value',
        here,
        `expected a number without loss of digits, found ${source.slice(0, 40)}; in quotes it is text`,
      );
    }
    return { kind: 'scalar', value, isPlain: node.type === 'PLAIN' && node.tag === undefined, ...here };
  };

  const entriesOf = (map: YAMLMap, path: string, depth: number, here: Spot): Map<string, Entry> => {
    const entries = new Map<string, Entry>();
    for (const { key: yamlKey, value } of map.items) {
      const name = isScalar<string>(yamlKey) ? String(yamlKey.value) : '';
      const inside = keyPath(path, name);
      const [from, to] = (isScalar(yamlKey) ? yamlKey.range : undefined) ?? [];
      const key = from === undefined || to === undefined ? here : spot(from, to - from, inside);
      const wrong = wrongKey(name, entries.get(name));
      if (wrong === undefined) entries.set(name, { key, value: nodeOf(value, inside, depth, key) });
      else problems.report('yaml-invalid', key, wrong);
    }
    return entries;
  };

  return nodeOf(document.contents, '', 0, spot(0, 1, ''));
}

function wrongKey(name: string, earlier: Entry | undefined): string | undefined {
  if (earlier !== undefined) {
    return `expected each key once, found it again (it stands in line ${earlier.key.place.line})`;
  }
  if (name === '<<') return 'expected no merge key; write the keys out, or name a chain under operators:';
  // As a plain object's key it would be its prototype.
  if (name === '__proto__') return 'expected another key';
  return undefined;
}
