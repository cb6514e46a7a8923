// What the laws of spilling legs are tried on: a leg, and what happens around it, as plain data that shrinks.

import fc from 'fast-check';
import { type SpillThen, spillThens } from '../../src/core/spill.ts';
import type { Broken } from './spill-disk.ts';

export interface SpillSpec {
  readonly messages: number;
  readonly bytes: number;
  readonly max: number;
  readonly then: SpillThen;
  readonly maxInFlight: number;
  /** How many unconfirmed messages make the sink unwritable. */
  readonly room: number;
  readonly confirms: 'at-once' | 'by-hand';
  readonly onError: 'discard' | 'nack';
}

export type SpillAction =
  | { readonly do: 'hand'; readonly count: number; readonly pad: number }
  | { readonly do: 'turn' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'stall' | 'flow' | 'lose' | 'reopen' | 'refuse' | 'mend' | 'restart' }
  | { readonly do: 'confirm'; readonly count: number }
  | { readonly do: 'break'; readonly what: Broken }
  | { readonly do: 'crash'; readonly kept: number }
  | { readonly do: 'crash-at-append'; readonly when: 'before' | 'after' };

export interface SpillWanted {
  readonly thens?: readonly SpillThen[];
  readonly actions?: readonly SpillAction['do'][];
  /** A disk part that is soon full. */
  readonly isSmall?: boolean;
}

/** Bounds in bytes are rare: they stand beside those in messages, and most of the time these act. */
const unbounded = 1 << 24;

/** A message with its meta is about 70. */
const small = fc.integer({ min: 50, max: 1_000 });

export function spillSpecs(wanted: SpillWanted = {}): fc.Arbitrary<SpillSpec> {
  return fc.record({
    messages: fc.integer({ min: 1, max: 5 }),
    bytes: fc.oneof({ weight: 3, arbitrary: fc.constant(unbounded) }, fc.integer({ min: 1, max: 40 })),
    max: wanted.isSmall === true ? small : fc.oneof(fc.constant(unbounded), small),
    then: fc.constantFrom(...(wanted.thens ?? spillThens)),
    maxInFlight: fc.constantFrom(1, 2, 4, 8, 32),
    room: fc.integer({ min: 1, max: 6 }),
    confirms: fc.constantFrom('at-once' as const, 'by-hand' as const),
    onError: fc.constantFrom('discard' as const, 'nack' as const),
  });
}

const weights: Readonly<Record<SpillAction['do'], number>> = {
  hand: 8,
  turn: 6,
  wait: 1,
  stall: 3,
  flow: 2,
  lose: 1,
  reopen: 2,
  refuse: 1,
  confirm: 4,
  break: 1,
  mend: 2,
  crash: 1,
  'crash-at-append': 1,
  restart: 1,
};

export function spillScripts(wanted: SpillWanted = {}): fc.Arbitrary<readonly SpillAction[]> {
  const kinds = wanted.actions ?? (Object.keys(weights) as SpillAction['do'][]);
  const action = fc.oneof(...kinds.map((kind) => ({ weight: weights[kind], arbitrary: actionOf(kind) })));
  return fc.array(action, { minLength: 1, maxLength: 30, size: 'max' });
}

function actionOf(kind: SpillAction['do']): fc.Arbitrary<SpillAction> {
  const verb = <V extends SpillAction['do']>(verb: V) => ({ do: fc.constant(verb) });
  switch (kind) {
    case 'hand':
      return fc.record({
        ...verb(kind),
        count: fc.integer({ min: 1, max: 12 }),
        pad: fc.constantFrom(0, 0, 5, 40),
      });
    case 'wait':
      return fc.record({ ...verb(kind), ms: fc.constantFrom(60, 5_000) });
    case 'confirm':
      return fc.record({ ...verb(kind), count: fc.integer({ min: 1, max: 6 }) });
    case 'break':
      return fc.record({ ...verb(kind), what: fc.constantFrom<Broken>('append', 'read', 'remove') });
    case 'crash':
      return fc.record({ ...verb(kind), kept: fc.constantFrom(0, 1, 2, 99) });
    case 'crash-at-append':
      return fc.record({ ...verb(kind), when: fc.constantFrom('before' as const, 'after' as const) });
    case 'turn':
    case 'stall':
    case 'flow':
    case 'lose':
    case 'reopen':
    case 'refuse':
    case 'mend':
    case 'restart':
      return fc.record(verb(kind));
    default:
      return kind satisfies never;
  }
}
