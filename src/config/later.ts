/** Steps that this version does not have: answered with a sentence about what to do instead, not with "unknown". */

const inFile = 'write it as a TypeScript file: use: ./step.ts';

const laterOperators: Readonly<Record<string, string>> = {
  retry: 'it is a key of a leg, and of a route for all its legs: retry: { attempts: 5, backoff: 100ms..10s }',
  merge: 'list several endpoints under from:',
  group: inFile,
  reduce: inFile,
};

/** The sentence for an operator that is one of them, or nothing. */
export function notAvailable(operator: string): string | undefined {
  return Object.hasOwn(laterOperators, operator)
    ? `${operator} is not available in this version; ${laterOperators[operator]}`
    : undefined;
}
