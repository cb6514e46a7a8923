// Keeps Stryker from breaking sentences for people: what an error or a line of the log says. A test for each would
// repeat them word by word. Codes of errors, reasons of discards and all other text are broken.

import { declareValuePlugin, PluginKind, type ValuePlugin } from '@stryker-mutator/api/plugin';

/** What is read of Babel's nodes and paths. */
interface Node {
  readonly type: string;
  readonly callee?: Node;
  readonly property?: Node;
  readonly name?: string;
}

interface Path {
  readonly node: Node;
  readonly parent?: Node | null;
  /** Where the node stands within its parent: in which list, at which place. */
  readonly listKey?: string;
  readonly key?: string | number | null;
}

/** The place of the sentence among the arguments, by what is called or constructed. */
const sentenceAt: ReadonlyMap<string, number> = new Map([
  ['AraldoError', 1],
  ['RangeError', 0],
  ['Error', 0],
  ['debug', 1],
  ['info', 1],
  ['warn', 1],
  ['error', 1],
]);

/** @returns why nothing in this node is broken, or `undefined` where it may be */
export function whyIgnored({ node, parent, listKey, key }: Path): string | undefined {
  const isText = node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
  if (!isText || listKey !== 'arguments' || parent?.callee === undefined) return undefined;
  const name = parent.callee.name ?? parent.callee.property?.name;
  return name !== undefined && sentenceAt.get(name) === key ? 'a sentence for people' : undefined;
}

export const strykerPlugins: readonly ValuePlugin<PluginKind.Ignore>[] = [
  declareValuePlugin(PluginKind.Ignore, 'words', { shouldIgnore: (path) => whyIgnored(path as Path) }),
];
