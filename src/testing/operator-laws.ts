/** The laws of every operator, whatever it is for, as checks that any test runner can call. */
import fc from 'fast-check';
import type { VirtualTimeScheduler } from 'rxjs';
import type { Status } from '../core/message.ts';
import type { MessageOperator } from '../core/operator.ts';
import {
  beginsAnew,
  type Check,
  containsFailures,
  givesBackWhenLeft,
  givesBackWithinEmission,
  isBounded,
  isReentrant,
  keepsOrder,
  makesNothingOfNothing,
  passesErrorsOn,
  settlesAll,
  type Trial,
} from './operator-checks.ts';
import { anyNext, anyScript, anyStatus, anyWaitMs, fewKeys, type ScriptOptions } from './operator-script.ts';
import { createStage } from './operator-stage.ts';

export interface OperatorUnderLaws {
  /** Makes the operator, with all its time from the scheduler. Called anew for each case. */
  readonly create: (scheduler: VirtualTimeScheduler) => MessageOperator;
  /** What comes; any JSON, and some payloads that do harm, unless given. */
  readonly payloads?: fc.Arbitrary<unknown>;
  /** The keys of what comes, `meta.key`; few, and sometimes none, unless given. */
  readonly keys?: fc.Arbitrary<string | undefined>;
  /** How what follows settles; mostly acks unless given. */
  readonly statuses?: fc.Arbitrary<Status>;
  /** How long nothing happens, in milliseconds; up to a minute unless given. */
  readonly waitsMs?: fc.Arbitrary<number>;
  /** Payloads are values unless it is `text`: then each comes as its bytes, as `unmarshal` needs it. */
  readonly carries?: 'values' | 'text';
  /** What keeps its order: everything unless given, or the messages of each `meta.key`, or nothing. */
  readonly order?: 'all' | 'key' | 'none';
  /**
   * The most messages that may be inside while what follows settles nothing and no time passes; 0 unless given.
   * Beyond, it must hold its source or discard.
   */
  readonly holds?: number;
  /**
   * A payload that must fail its message, under `create` or under an operator of its own: one with a callback
   * that throws at it. Without it, containment is not checked.
   */
  readonly poison?: {
    readonly payload: unknown;
    readonly create?: (scheduler: VirtualTimeScheduler) => MessageOperator;
  };
  /** Whether promises take part; then a case takes turns of the event loop. */
  readonly isAsync?: boolean;
  /** The reasons of discards by which it gives a message back; `step-ended` and `step-timeout` unless given. */
  readonly givesBack?: readonly string[];
  /** Whether it counts what it drops and gives back by itself, as a leg does: then the route's counts prove nothing. */
  readonly hasOwnBooks?: boolean;
}

/** As in fast-check: a failure prints the seed and the path that repeat it. */
export interface LawSettings {
  /** How many cases; 100 unless given. */
  readonly numRuns?: number;
  readonly seed?: number;
  readonly path?: string;
}

export interface Law {
  /** A fact in the present tense, with the name of the operator. */
  readonly name: string;
  /** Rejects when it does not hold, with the smallest case and its timeline. */
  check(settings?: LawSettings): Promise<void>;
}

/**
 * What holds for every operator: each obligation is discharged once and well, a bad message costs itself alone,
 * order and bounds are kept, and whoever leaves gets everything settled. Time is virtual.
 *
 * @param name of the operator, for the names of the laws.
 * @example
 * for (const law of operatorLaws('double', { create: () => map(({ payload }) => [payload, payload]) })) {
 *   test(law.name, () => law.check());
 * }
 */
export function operatorLaws(name: string, operator: OperatorUnderLaws): readonly Law[] {
  const { create, order = 'all', holds = 0, poison, isAsync = false, carries = 'values' } = operator;
  const { givesBack = ['step-ended', 'step-timeout'], hasOwnBooks = false } = operator;
  const options: ScriptOptions = {
    payloads: operator.payloads ?? (carries === 'text' ? fc.json({ maxDepth: 2 }) : undefined),
    keys: operator.keys ?? fewKeys,
    statuses: operator.statuses ?? anyStatus,
    waitsMs: operator.waitsMs ?? anyWaitMs,
  };
  const trial: Trial = {
    ...options,
    isAsync,
    create,
    stageOf: (make) => createStage({ create: make, carries, isAsync, givesBack, hasOwnBooks }),
    scripts: anyScript(options),
    messages: fc.array(anyNext(options), { minLength: 1, maxLength: 20 }),
  };

  const checks: Record<string, Check> = {
    'settles all that came once, with the worst of what came of it': settlesAll(trial),
    'gives back all that it has when it is left': givesBackWhenLeft(trial),
    'gives back all that it has when it is left within an emission': givesBackWithinEmission(trial),
    'passes an error of its source on, and keeps nothing': passesErrorsOn(trial),
    'makes nothing of nothing, and completes with its source': makesNothingOfNothing(trial),
    'may be re-entered by what it emits': isReentrant(trial),
    'begins anew for each subscriber': beginsAnew(trial),
    [`keeps at most ${holds} inside, and lets its source go again`]: isBounded(trial, holds),
  };
  if (order === 'all') checks['keeps the order of all'] = keepsOrder(trial, () => undefined);
  if (order === 'key') checks['keeps the order of each key'] = keepsOrder(trial, ({ meta }) => meta.key);
  if (poison !== undefined) {
    const { payload, create: make = create } = poison;
    checks['costs a bad message alone, and no other'] = containsFailures(trial, payload, make);
  }
  return Object.entries(checks).map(([fact, check]) => ({
    name: `${name} ${fact}`,
    check: (settings = {}) => check(settings),
  }));
}
