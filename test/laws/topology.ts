// What the laws are tried on: random topologies of sources, routes, steps and sinks, as plain data that shrinks.

import fc from 'fast-check';

export interface Topology {
  readonly sources: readonly SourceSpec[];
  readonly routes: readonly RouteSpec[];
  readonly sinks: readonly SinkSpec[];
}

export interface SourceSpec {
  readonly lanes: number;
  readonly canPause: boolean;
  /** The other side delivers again what was nacked; otherwise the engine does. */
  readonly redelivers: boolean;
  readonly isCumulative: boolean;
  readonly maxInFlight: number;
  readonly maxDeliveries: number;
  /** So many messages a paused lane still hands over, each time. */
  readonly overshoot: number;
  /** Code beside the routes settles what it sees, as it must not. */
  readonly isTapped: boolean;
}

export interface RouteSpec {
  readonly from: readonly number[];
  readonly via: readonly StepSpec[];
  readonly to: readonly BranchSpec[];
  /** The first so many of its legs share the messages out; the others get all. */
  readonly choice: ChoiceSpec | undefined;
  /** The first leg that has a message settles it for all. */
  readonly acksFirst: boolean;
  readonly onError: 'discard' | 'nack' | 'reject';
}

export const outcomes = ['pass', 'meta', 'split', 'drop', 'none', 'throw', 'undefined'] as const;
export type Outcome = (typeof outcomes)[number];

export const asyncOutcomes = ['pass', 'split', 'drop', 'throw', 'reject', 'hang', 'undefined'] as const;
export type AsyncOutcome = (typeof asyncOutcomes)[number];

/** What a step does to a message depends on the message alone: `plan[number of the message % length]`. */
export type StepSpec =
  | { readonly kind: 'fn'; readonly plan: readonly Outcome[] }
  | {
      readonly kind: 'async';
      readonly concurrency: number;
      readonly plan: readonly { readonly outcome: AsyncOutcome; readonly delayMs: number }[];
    }
  /** Joins; after so many batches it errors at the next message, with all that it holds. 0: it never does. */
  | {
      readonly kind: 'batch';
      readonly size: number;
      readonly afterMs: number;
      readonly errorsAfter: number;
    }
  /** Holds each message for a while, and errors at some with all that it holds. */
  | { readonly kind: 'breaks'; readonly delayMs: number; readonly plan: readonly ('pass' | 'error')[] }
  /** Completes after so many. */
  | { readonly kind: 'ends'; readonly after: number }
  /** Loses some, as any raw operator may. */
  | { readonly kind: 'opaque'; readonly plan: readonly ('pass' | 'lose')[] };

export const policies = ['pause', 'drop-oldest', 'drop-newest', 'latest', 'sample', 'error'] as const;
export type Policy = (typeof policies)[number];

export interface BranchSpec {
  readonly to: number;
  readonly overflow: Policy;
  readonly messages: number;
  readonly bytes: number;
  /** `latest` and `sample` keep one of each of so many keys. */
  readonly keys: number;
  /** How long a period of `sample` is. */
  readonly everyMs: number;
  /** Each message whose number it divides is filtered; 0: none is. */
  readonly filtersEvery: number;
  readonly marshals: boolean;
  /** Unset: what its sink refuses has failed. */
  readonly retry: RetrySpec | undefined;
}

export interface ChoiceSpec {
  readonly kind: 'round-robin' | 'fallback' | 'hash';
  readonly size: number;
}

export interface RetrySpec {
  readonly attempts: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly isOrdered: boolean;
}

export interface SinkSpec {
  readonly confirms: 'at-once' | 'later' | 'by-hand';
  /** How many unconfirmed messages make it unwritable. */
  readonly room: number;
  /** It refuses each message whose number this divides, by a throw; 0: none. */
  readonly refusesEvery: number;
  /** So often, each time that a leg sends it; then it takes it. */
  readonly refusesTimes: number;
  /** It gives what it is sent to a source, as a mock channel does; -1: none. */
  readonly feeds: number;
}

/** One thing that happens outside the engine. Indices wrap around, so that they mean something when shrunk. */
export type Action =
  | {
      readonly do: 'hand';
      readonly source: number;
      readonly lane: number;
      readonly count: number;
      readonly pad: number;
    }
  | { readonly do: 'turn' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'stall' | 'flow' | 'lose' | 'reopen' | 'refuse' | 'late'; readonly sink: number }
  | {
      readonly do: 'confirm';
      readonly sink: number;
      readonly which: 'oldest' | 'newest' | 'through';
      readonly count: number;
    }
  | { readonly do: 'hold' | 'release'; readonly source: number }
  | { readonly do: 'revoke'; readonly source: number; readonly lane: number };

/** What a law needs of its topologies. Everything there is, unless it says less. */
export interface Wanted {
  readonly policies?: readonly Policy[];
  readonly steps?: readonly StepSpec['kind'][];
  readonly actions?: readonly Action['do'][];
  readonly isCumulative?: boolean;
  readonly maxRoutes?: number;
  /** Whether legs may share messages out. */
  readonly choices?: boolean;
  /** Whether the first leg that has a message settles it for all. */
  readonly acksFirst?: boolean;
  /** How sinks confirm. */
  readonly confirms?: readonly SinkSpec['confirms'][];
  /** Each leg tries again what its sink refuses. */
  readonly retries?: boolean;
}

const actionKinds: readonly Action['do'][] = [
  'hand',
  'turn',
  'wait',
  'stall',
  'flow',
  'lose',
  'reopen',
  'refuse',
  'late',
  'confirm',
  'hold',
  'release',
  'revoke',
];

const index = fc.nat(2);

/** Bounds in bytes are rare: they stand beside the bound in messages, and most of the time that one acts. */
const unbounded = 1 << 24;

export function topologies(wanted: Wanted = {}): fc.Arbitrary<Topology> {
  const maxLength = wanted.maxRoutes ?? 3;
  return fc
    .record({
      sources: fc.array(sourceSpecs(wanted), { minLength: 1, maxLength: 2 }),
      routes: fc.array(routeSpecs(wanted), { minLength: 1, maxLength }),
      sinks: fc.array(sinkSpecs(wanted), { minLength: 1, maxLength: 3 }),
    })
    .map(wired);
}

export function scripts(wanted: Wanted = {}): fc.Arbitrary<readonly Action[]> {
  return fc.array(actionsOf(wanted.actions ?? actionKinds), { minLength: 1, maxLength: 30, size: 'max' });
}

/** Indices brought into range; no two routes of the same name in `from`. */
function wired({ sources, routes, sinks }: Topology): Topology {
  return {
    sources,
    routes: routes.map((route) => ({
      ...route,
      from: [...new Set(route.from.map((from) => from % sources.length))],
      choice: route.to.length < 2 ? undefined : route.choice,
      to: route.to.map((branch, place) => ({
        ...branch,
        to: branch.to % sinks.length,
        // Whom a message goes to is asked of the choice alone.
        filtersEvery: place < (route.choice?.size ?? 0) ? 0 : branch.filtersEvery,
      })),
    })),
    sinks: sinks.map((sink) => ({ ...sink, feeds: sink.feeds < 0 ? -1 : sink.feeds % sources.length })),
  };
}

function sourceSpecs(wanted: Wanted): fc.Arbitrary<SourceSpec> {
  return fc.record({
    lanes: fc.integer({ min: 1, max: 3 }),
    canPause: fc.boolean(),
    redelivers: fc.boolean(),
    isCumulative: wanted.isCumulative === undefined ? fc.boolean() : fc.constant(wanted.isCumulative),
    maxInFlight: fc.constantFrom(1, 2, 3, 4, 6, 8, 20, 48),
    maxDeliveries: fc.integer({ min: 1, max: 3 }),
    overshoot: fc.nat(2),
    isTapped: fc.boolean(),
  });
}

function routeSpecs(wanted: Wanted): fc.Arbitrary<RouteSpec> {
  return fc.record({
    from: fc.array(index, { minLength: 1, maxLength: 2 }),
    via: fc.array(stepSpecs(wanted), { maxLength: 3 }),
    to: fc.array(branchSpecs(wanted), { minLength: 1, maxLength: 3 }),
    choice:
      wanted.choices === false
        ? fc.constant(undefined)
        : fc.option(choiceSpecs(), { nil: undefined, freq: 3 }),
    acksFirst:
      wanted.acksFirst === undefined ? fc.constantFrom(false, false, true) : fc.constant(wanted.acksFirst),
    onError: fc.constantFrom('discard' as const, 'nack' as const, 'reject' as const),
  });
}

function choiceSpecs(): fc.Arbitrary<ChoiceSpec> {
  return fc.record({
    kind: fc.constantFrom('round-robin' as const, 'fallback' as const, 'hash' as const),
    size: fc.integer({ min: 2, max: 3 }),
  });
}

/** Whether a leg of a route is one of those that share the messages out. */
export function isChosen({ choice, to }: RouteSpec, place: number): boolean {
  return choice !== undefined && to.length > 1 && place < choice.size;
}

function branchSpecs(wanted: Wanted): fc.Arbitrary<BranchSpec> {
  return fc.record({
    to: index,
    overflow: fc.constantFrom(...(wanted.policies ?? policies)),
    messages: fc.integer({ min: 1, max: 6 }),
    bytes: fc.oneof({ weight: 3, arbitrary: fc.constant(unbounded) }, fc.integer({ min: 1, max: 80 })),
    keys: fc.integer({ min: 1, max: 3 }),
    // No two things happen at the moment when a period ends: what comes first would be a question.
    everyMs: fc.constantFrom(Math.E, 4 * Math.PI),
    filtersEvery: fc.constantFrom(0, 0, 0, 2, 3),
    marshals: fc.boolean(),
    retry: wanted.retries === true ? retrySpecs() : fc.option(retrySpecs(), { nil: undefined, freq: 2 }),
  });
}

/** No two things happen at the moment when a pause ends: what comes first would be a question. */
function retrySpecs(): fc.Arbitrary<RetrySpec> {
  return fc.record({
    attempts: fc.integer({ min: 2, max: 4 }),
    minMs: fc.constantFrom(0.3, 1.7),
    maxMs: fc.constantFrom(2.9, 9.1),
    isOrdered: fc.boolean(),
  });
}

function sinkSpecs(wanted: Wanted): fc.Arbitrary<SinkSpec> {
  return fc.record({
    confirms: fc.constantFrom(...(wanted.confirms ?? (['at-once', 'later', 'by-hand'] as const))),
    room: fc.integer({ min: 1, max: 6 }),
    refusesEvery: wanted.retries === true ? fc.constantFrom(0, 1, 2, 3) : fc.constantFrom(0, 0, 0, 0, 3, 5),
    refusesTimes: fc.constantFrom(1, 2, Number.MAX_SAFE_INTEGER),
    feeds: fc.constantFrom(-1, -1, -1, 0, 1),
  });
}

function stepSpecs(wanted: Wanted): fc.Arbitrary<StepSpec> {
  const all: Record<StepSpec['kind'], fc.Arbitrary<StepSpec>> = {
    fn: fc.record({
      kind: fc.constant('fn'),
      plan: planOf(fc.constantFrom<Outcome>('pass', 'pass', ...outcomes)),
    }),
    async: fc.record({
      kind: fc.constant('async'),
      concurrency: fc.integer({ min: 1, max: 3 }),
      plan: planOf(
        fc.record({
          outcome: fc.constantFrom<AsyncOutcome>('pass', 'pass', ...asyncOutcomes),
          delayMs: fc.constantFrom(0, 0, 1, 2, 5, 60),
        }),
      ),
    }),
    batch: fc.record({
      kind: fc.constant('batch'),
      size: fc.integer({ min: 1, max: 4 }),
      afterMs: fc.constantFrom(0, 3),
      errorsAfter: fc.constantFrom(0, 0, 1, 2),
    }),
    breaks: fc.record({
      kind: fc.constant('breaks'),
      delayMs: fc.constantFrom(0, 2),
      plan: planOf(fc.constantFrom('pass' as const, 'pass' as const, 'error' as const)),
    }),
    ends: fc.record({ kind: fc.constant('ends'), after: fc.integer({ min: 1, max: 6 }) }),
    opaque: fc.record({
      kind: fc.constant('opaque'),
      plan: planOf(fc.constantFrom('pass' as const, 'lose' as const)),
    }),
  };
  const kinds = wanted.steps ?? ['fn', 'fn', 'async', 'async', 'batch', 'breaks', 'ends', 'opaque'];
  return fc.oneof(...kinds.map((kind) => all[kind]));
}

function planOf<T>(outcome: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(outcome, { minLength: 1, maxLength: 5 });
}

function actionsOf(kinds: readonly Action['do'][]): fc.Arbitrary<Action> {
  const hand = fc.record({
    do: fc.constant('hand' as const),
    source: index,
    lane: index,
    count: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.constant(24)),
    pad: fc.constantFrom(0, 0, 0, 4, 30),
  });
  const confirm = fc.record({
    do: fc.constant('confirm' as const),
    sink: index,
    which: fc.constantFrom('oldest' as const, 'newest' as const, 'through' as const),
    count: fc.integer({ min: 1, max: 4 }),
  });
  const weighted = kinds.map((kind): fc.WeightedArbitrary<Action> => {
    switch (kind) {
      case 'hand':
        return { weight: 6, arbitrary: hand };
      case 'turn':
        return { weight: 4, arbitrary: fc.constant({ do: 'turn' as const }) };
      case 'wait':
        return {
          weight: 2,
          arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 3, 60) }),
        };
      case 'confirm':
        return { weight: 4, arbitrary: confirm };
      case 'hold':
      case 'release':
        return { weight: 1, arbitrary: fc.record({ do: fc.constant(kind), source: index }) };
      case 'revoke':
        return {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant('revoke' as const), source: index, lane: index }),
        };
      case 'stall':
      case 'flow':
      case 'lose':
      case 'reopen':
      case 'refuse':
      case 'late':
        return { weight: 1, arbitrary: fc.record({ do: fc.constant(kind), sink: index }) };
      default:
        return kind satisfies never;
    }
  });
  return fc.oneof(...weighted);
}
