/** Aggregates of several messages as a type in the schemas of options: what to take of each, and what to make of it. */
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { found } from '../options/found.ts';
import { value } from './option.ts';

export interface Aggregate {
  /** What is needed of a message. Throws for one that does not have it, which costs that message alone. */
  readonly of: (message: Message) => readonly unknown[];
  /** The payload made of what was taken of each, in order; at least one. */
  readonly with: (taken: readonly (readonly unknown[])[]) => Readonly<Record<string, unknown>>;
}

type Fold = (values: readonly unknown[]) => unknown;

interface Function {
  readonly fold: Fold;
  /** Whether it takes numbers alone. */
  readonly isNumeric: boolean;
}

const functions = {
  sum: { fold: sumOf, isNumeric: true },
  mean: { fold: (values) => sumOf(values) / values.length, isNumeric: true },
  min: { fold: (values) => reduceNumbers(values, Math.min), isNumeric: true },
  max: { fold: (values) => reduceNumbers(values, Math.max), isNumeric: true },
  first: { fold: (values) => values[0], isNumeric: false },
  last: { fold: (values) => values[values.length - 1], isNumeric: false },
  list: { fold: (values) => values, isNumeric: false },
} as const satisfies Readonly<Record<string, Function>>;

type Name = keyof typeof functions;

const names = Object.keys(functions) as Name[];

/** One entry of the payload that is made. */
interface Column {
  readonly name: string;
  readonly take: (message: Message) => unknown;
  readonly fold: Fold;
}

/**
 * A map of `count` and `{sum: …}`, `mean`, `min`, `max`, `first`, `last` or `list` of a value in CEL.
 *
 * @example
 * aggregate().parse({ orders: 'count', total: { sum: 'payload.price' } })
 */
export function aggregate(): z.ZodType<Aggregate, Record<string, unknown>> {
  const each = value().optional();
  const one = z
    .strictObject(Object.fromEntries(names.map((name) => [name, each])) as Record<Name, typeof each>)
    .refine((map) => Object.values(map).filter((of) => of !== undefined).length === 1, {
      error: `expected count or one of ${names.join(', ')} with a value in CEL`,
    });
  return z
    .record(z.string(), z.union([z.literal('count'), one]))
    .transform((map) => aggregateOf(Object.entries(map).map(([name, what]) => columnOf(name, what))));
}

function columnOf(
  name: string,
  what: 'count' | Partial<Record<Name, ((message: Message) => unknown) | undefined>>,
): Column {
  if (what === 'count') return { name, take: () => undefined, fold: (values) => values.length };
  const of = names.find((name) => what[name] !== undefined) as Name;
  const take = what[of] as (message: Message) => unknown;
  const { fold, isNumeric } = functions[of];
  return { name, take: isNumeric ? numeric(`${name}.${of}`, take) : take, fold };
}

function aggregateOf(columns: readonly Column[]): Aggregate {
  return {
    of: (message) => columns.map(({ take }) => take(message)),
    with: (taken) =>
      Object.fromEntries(
        columns.map(({ name, fold }, place) => [name, fold(taken.map((values) => values[place]))]),
      ),
  };
}

function numeric(place: string, take: (message: Message) => unknown): (message: Message) => number {
  return (message) => {
    const taken = take(message);
    if (typeof taken === 'number') return taken;
    throw new AraldoError('expression-failed', `${place}: expected a number, found ${found(taken)}`);
  };
}

function sumOf(values: readonly unknown[]): number {
  return reduceNumbers(values, (sum, value) => sum + value);
}

function reduceNumbers(values: readonly unknown[], of: (one: number, other: number) => number): number {
  return (values as readonly number[]).reduce((one, other) => of(one, other));
}
