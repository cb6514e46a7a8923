/**
 * What a schema finds wrong, in our words. The codes are zod's, which built-in plugins use; of other libraries
 * there is the message alone.
 */
import type { SchemaIssue } from '../core/schema.ts';
import { oneOf } from './fields.ts';

export interface Issue extends SchemaIssue {
  readonly code?: string;
  readonly expected?: string;
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  readonly options?: readonly unknown[];
  readonly errors?: readonly (readonly Issue[])[];
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean;
  readonly divisor?: number;
  readonly format?: string;
  readonly pattern?: string;
}

/** Any other sentence is that of the schema's author, and better than ours. */
const zodSentence = /^(?:Invalid|Too small|Too big|Unrecognized)\b/;

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  map: 'a map',
  null: 'nothing',
  undefined: 'nothing',
};

/** `expected …, found …`. */
export function describe(issue: Issue, found: string): string {
  if (!isZodSentence(issue)) return lowerFirst(issue.message);
  const expectation = expectationOf(issue);
  return expectation === undefined
    ? `${lowerFirst(issue.message)} (${found})`
    : `expected ${expectation}, found ${found}`;
}

/** Whether the sentence is the library's own, and says nothing that the code does not. */
export function isZodSentence({ message }: Issue): boolean {
  return zodSentence.test(message);
}

export function isMissingIssue({ code }: Issue): boolean {
  return (
    code === undefined || code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union'
  );
}

export function pathOfIssue({ path = [] }: Issue): readonly PropertyKey[] {
  return path.map((part) => (typeof part === 'object' ? part.key : part));
}

/**
 * Of a value that is none of several kinds, only what is wrong with the kind it comes nearest to: the one
 * whose complaint lies deepest. When all complain about the value itself, it is one issue.
 */
export function leavesOf(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || !isZodSentence(issue)) return [issue];
  const alternatives = (issue.errors ?? []).filter((issues) => issues.length > 0);
  const nearest = alternatives.toSorted((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)[0];
  if (nearest === undefined || depthOf(nearest) === 0) return [issue];
  return nearest.flatMap((inner) =>
    leavesOf({ ...inner, path: [...(issue.path ?? []), ...(inner.path ?? [])] }),
  );
}

/** A map with an unknown or missing key was meant as a map: that lies within it. */
function depthOf(issues: readonly Issue[]): number {
  return Math.max(
    ...issues.map(({ path = [], code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)),
  );
}

function expectationOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected ?? ''] ?? issue.expected;
    case 'invalid_value':
      return oneOf((issue.values ?? []).map(String));
    case 'invalid_union': {
      const words = (issue.options ?? []).map(String);
      if (words.length > 0) return oneOf(words);
      const expectations = (issue.errors ?? []).flat().map(expectationOf);
      return oneOf([...new Set(expectations.filter((text) => text !== undefined))]) || undefined;
    }
    case 'too_small':
      return sizeOf(issue, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return sizeOf(issue, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return formatOf(issue);
    case undefined:
    default:
      return undefined;
  }
}

function sizeOf({ origin }: Issue, relation: string, bound: number | bigint | undefined): string {
  const amount = `${relation} ${bound}`;
  switch (origin) {
    case 'string':
      return bound === 1 && relation === 'at least'
        ? 'text that is not empty'
        : `text of ${amount} characters`;
    case 'array':
    case 'set':
      return `a list of ${amount} ${bound === 1 ? 'entry' : 'entries'}`;
    case undefined:
    default:
      return relation === 'more than' && bound === 0 ? 'a positive number' : `a number of ${amount}`;
  }
}

function formatOf({ format, pattern }: Issue): string {
  switch (format) {
    case 'regex':
      return `text that matches ${pattern}`;
    case 'url':
      return 'a URL';
    case undefined:
    default:
      return `text in the form of ${format}`;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
