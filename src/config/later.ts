/** What this version does not have: answered with a sentence about what to do instead, not with "unknown". */

const inFile = 'write it as a TypeScript file: use: ./step.ts';

export const laterOperators: Readonly<Record<string, string>> = {
  retry: 'it is a key of a leg, and of a route for all its legs: retry: { attempts: 5, backoff: 100ms..10s }',
  merge: 'list several endpoints under from:',
  group: inFile,
  reduce: inFile,
};

/** None now: what is planned is named here, with what to do instead. */
export const laterPlugins: Readonly<Record<string, string>> = {};

/** The sentence for a word of a table, or nothing. */
export function notAvailable(word: string, table: Readonly<Record<string, string>>): string | undefined {
  return Object.hasOwn(table, word) ? `${word} is not available in this version; ${table[word]}` : undefined;
}
