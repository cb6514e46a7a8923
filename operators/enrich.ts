/** Adds to each message what is looked up elsewhere. */
import { defer, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { keyOf } from '../src/core/key.ts';
import type { Message } from '../src/core/message.ts';
import {
  defineOperator,
  type MessageOperator,
  type RxOperator,
  type StepContext,
} from '../src/core/operator.ts';
import { asyncStep } from '../src/core/step-async.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { found } from '../src/options/found.ts';
import { Lookups } from './lookups.ts';

/**
 * Looks a key up. Nothing (`null` or `undefined`) is an answer too: there is none. A rejection costs the messages that
 * wait for it. `signal` aborts when none waits any more.
 */
export type Lookup = (key: unknown, signal: AbortSignal) => unknown;

export interface EnrichOptions {
  /** What is looked up for a message. A throw costs the message; a key of nothing is looked up as any other. */
  readonly key: (message: Message) => unknown;
  readonly lookup: Lookup;
  /** The key of the payload that gets what was found. Without it, what was found must be a map, and its keys win. */
  readonly as?: string | undefined;
  /** What becomes of a message for which there is nothing: it passes (with `null` under `as`), or fails. */
  readonly missing?: 'pass' | 'fail' | undefined;
  /** Answers are kept so long; none are unless given. Nothing found is kept for five seconds at most. */
  readonly cacheMs?: number | undefined;
  /** Answers that are kept; 10,000 unless given. One more, and the one unused longest is forgotten. */
  readonly cacheMax?: number | undefined;
  /** Messages that are looked up at once; 16 unless given. */
  readonly concurrency?: number | undefined;
  /** How long one may take; 30 s unless given. Then the message is nacked. */
  readonly deadlineMs?: number | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const CONCURRENCY = 16;
const DEADLINE_MS = 30_000;
const CACHE_MAX = 10_000;
const CACHE_MS = 60_000;

/**
 * Looks up a key of each message and forwards the message with what was found in its payload, in the order in which
 * messages came. A key is looked up once at a time, however many messages wait for it. Failures are not kept.
 *
 * ```
 * source  ──{c:1}──{c:2}──{c:1}──────▶
 *         enrich({ key, lookup, as: 'name' })      one lookup of 1, one of 2
 *         ─────────{c:1,name:A}─{c:2,name:B}─{c:1,name:A}──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - enrich: { use: ./customer.ts, key: payload.customer, as: customer, cache: { for: 5m } }
 * ```
 *
 * The file exports what makes the lookup, of the options in `with:`:
 *
 * ```ts
 * // customer.ts
 * export default () => async (key: string, signal: AbortSignal) => {
 *   const answer = await fetch(`https://crm.example/customers/${encodeURIComponent(key)}`, { signal });
 *   return answer.ok ? answer.json() : null;
 * };
 * ```
 */
export function enrich(options: EnrichOptions): MessageOperator {
  const { key, lookup, as, missing = 'pass', cacheMs = 0, cacheMax = CACHE_MAX } = options;
  const { concurrency = CONCURRENCY, deadlineMs = DEADLINE_MS, name = 'enrich' } = options;
  const { scheduler = turnScheduler } = options;

  return (source) =>
    defer(() => {
      const lookups = new Lookups(lookup, { ms: cacheMs, max: cacheMax, scheduler });
      const run = async (message: Message, signal: AbortSignal): Promise<unknown> => {
        const value = key(message);
        const answer = await lookups.find(
          keyOf(message, () => value),
          value,
          signal,
        );
        return message.with(withAnswer(message.payload, answer ?? null, as, missing));
      };
      return source.pipe(asyncStep(name, run, { concurrency, deadlineMs, scheduler }));
    });
}

/** A new payload: the old one may be somebody else's, and what was found is shared by many. */
function withAnswer(
  payload: unknown,
  answer: unknown,
  as: string | undefined,
  missing: 'pass' | 'fail',
): unknown {
  if (answer === null && missing === 'fail') {
    throw new AraldoError('step-failed', 'expected the lookup to find something, found nothing');
  }
  if (!isMap(payload))
    throw new AraldoError('step-failed', `expected a map as the payload, found ${found(payload)}`);
  if (as !== undefined) return { ...payload, [as]: answer };
  if (answer === null) return { ...payload };
  if (isMap(answer)) return { ...payload, ...answer };
  throw new AraldoError(
    'step-failed',
    `expected a map to merge, found ${found(answer)}; name its key with as:`,
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the file of an `enrich` exports: it is called once, when the route is compiled. */
export type LookupFactory = (options: unknown, context: StepContext) => Lookup;

interface Settings {
  readonly use: string;
  readonly with?: unknown;
  readonly key: (message: Message) => unknown;
  readonly as?: string | undefined;
  readonly missing: 'pass' | 'fail';
  readonly cache?: { readonly for: number; readonly max: number } | undefined;
  readonly concurrency: number;
  readonly deadline: number;
  /** What the file exports, when it has been loaded. */
  readonly factory?: LookupFactory;
}

const cache = z.strictObject({
  for: duration()
    .default(CACHE_MS)
    .describe('How long an answer is kept, 1m unless given; that there is none, 5s at most.'),
  max: z.int().positive().max(1_000_000).default(CACHE_MAX).describe('Answers that are kept.'),
});

const options: z.ZodType<Settings> = z.strictObject({
  use: z
    .string()
    .regex(/^\.{0,2}\//, { error: 'expected the path of a file such as ./customer.ts' })
    .describe('The file that looks up, relative to the configuration.'),
  with: z.json().optional().describe('The options that what it exports is called with.'),
  key: value().describe('What is looked up for a message.'),
  as: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The key of the payload that gets what was found; without it, a map is merged into the payload.',
    ),
  missing: z
    .enum(['pass', 'fail'])
    .default('pass')
    .describe('What becomes of a message for which there is nothing.'),
  cache: cache.optional().describe('Keeps answers; none are kept without it.'),
  concurrency: z
    .int()
    .positive()
    .max(1_024)
    .default(CONCURRENCY)
    .describe('Messages that are looked up at once.'),
  deadline: duration()
    .default(DEADLINE_MS)
    .describe('How long one may take, 30s unless given; then its message is nacked.'),
});

export const enrichStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'enrich',
  summary: 'Adds to each message what a file of yours looks up, with a cache.',
  options,
  async prepare(options, files) {
    const factory = await files.load(options.use);
    if (typeof factory === 'function') return { value: { ...options, factory: factory as LookupFactory } };
    return {
      issues: [{ message: `expected ${options.use} to export a function as its default`, path: ['use'] }],
    };
  },
  create({ use, with: own, factory, cache, deadline, ...options }, context) {
    const lookup = factory?.(own, context);
    if (typeof lookup !== 'function') {
      const what = `expected what ${use} exports to return a function of a key`;
      throw new AraldoError('plugin-invalid', what);
    }
    const { name, scheduler } = context;
    return enrich({
      ...options,
      lookup,
      cacheMs: cache?.for,
      cacheMax: cache?.max,
      deadlineMs: deadline,
      name,
      scheduler,
    });
  },
});
