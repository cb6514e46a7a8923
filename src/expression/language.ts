/** The language of expressions: CEL as its library has it, with the numbers of JavaScript. */
import { Environment } from '@marcbachmann/cel-js';
import { AraldoError } from '../core/errors.ts';
import { found } from '../options/found.ts';
import { rangeOf, summaryOf } from './failure.ts';
import { placeIn } from './place.ts';
import { adjust } from './tree.ts';

/** The most characters of an expression; what is longer is a program, and belongs into a file. */
const LONGEST = 4096;

/** What an expression may consist of; parsing and evaluating recurse, so depth is bounded as well. */
const limits = {
  maxAstNodes: 1024,
  maxDepth: 64,
  maxListElements: 256,
  maxMapEntries: 256,
  maxCallArguments: 16,
} as const;

export type Evaluate = (variables: object) => unknown;

export interface Compiled {
  readonly evaluate: Evaluate;
  /** What it gives, as far as that is known: `bool`, `int`, `map<string, dyn>`, `dyn`. */
  readonly type: string;
}

/** Parses and checks. Throws an `AraldoError` (`invalid-expression`) that says where it is wrong. */
export function compile(text: string, variables: readonly string[]): Compiled {
  if (typeof text !== 'string' || text.trim() === '') {
    throw new AraldoError('invalid-expression', `expected an expression, found ${found(text)}`);
  }
  if (text.length > LONGEST) {
    throw new AraldoError(
      'invalid-expression',
      `expected an expression of at most ${LONGEST} characters, found ${text.length}`,
    );
  }
  try {
    const evaluate = environmentOf(variables).parse(text);
    adjust(evaluate.ast);
    const checked = evaluate.check();
    if (!checked.valid) throw checked.error ?? new Error('does not check');
    return { evaluate, type: checked.type ?? 'dyn' };
  } catch (thrown) {
    throw invalid(text, thrown);
  }
}

/** By the names of its variables; an environment is costly to make. As many as there are kinds of use. */
const environments = new Map<string, Environment>();

const MOST_ENVIRONMENTS = 64;

function environmentOf(variables: readonly string[]): Environment {
  const key = variables.join();
  let environment = environments.get(key);
  if (environment === undefined) {
    environment = createEnvironment(variables);
    if (environments.size < MOST_ENVIRONMENTS) environments.set(key, environment);
  }
  return environment;
}

function createEnvironment(variables: readonly string[]): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits,
  });
  registerMixedNumbers(environment);
  for (const variable of variables) environment.registerVariable(variable, 'dyn');
  return environment;
}

/** An int of the expression is a BigInt, a number of the data is a double: where they meet, doubles win. */
function registerMixedNumbers(environment: Environment): void {
  const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
  };
  for (const [operator, apply] of Object.entries(operations)) {
    const mixed = (a: number | bigint, b: number | bigint): number => apply(Number(a), Number(b));
    environment.registerOperator(`int ${operator} double: double`, mixed);
    environment.registerOperator(`double ${operator} int: double`, mixed);
  }
  environment.registerOperator('double % double: double', (a: number, b: number) => a % b);
  // Exact also where the int is none that a double can hold.
  environment.registerOperator(
    'int == double: bool',
    (a: bigint, b: number) => Number.isInteger(b) && a === BigInt(b),
  );

  const substring = (text: string, from: number, to: number = text.length): string => {
    const [start, end] = [Number(from), Number(to)];
    const isInside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end <= text.length;
    if (isInside && start <= end) return text.substring(start, end);
    throw new RangeError(`substring(${start}, ${end}) is not within a text of ${text.length} characters`);
  };
  environment.registerFunction('string.substring(double): string', substring);
  environment.registerFunction('string.substring(double, double): string', substring);
  environment.registerFunction('string.substring(double, int): string', substring);
  environment.registerFunction('string.substring(int, double): string', substring);
}

function invalid(text: string, thrown: unknown): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const start = rangeOf(thrown)?.start;
  const where = start === undefined ? '' : ` ${placeIn(text, start)}`;
  return new AraldoError('invalid-expression', `${summaryOf(thrown)}${where} of ${text}`, { cause: thrown });
}
