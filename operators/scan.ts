/** Folds messages into a state, and forwards each state. */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { keyOf } from '../src/core/key.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { failStep } from '../src/core/step-fn.ts';
import { formula, value } from '../src/expression/option.ts';
import { found } from '../src/options/found.ts';

export interface ScanOptions<State> {
  /** The state before the first message of a key. Never changed: `fold` gives new states. */
  readonly initial: State;
  /** A state for each key. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Keys that have a state; 10,000 unless given. One more, and the one unused longest begins anew. */
  readonly maxKeys?: number | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
}

const MAX_KEYS = 10_000;

/** What stands for the key of all messages, where none is given. */
const ALL = Symbol('all');

/**
 * Forwards each message with the state that `fold` makes of the last state and the message as its payload. When `fold`
 * throws, or gives `undefined` or a promise, the message fails and the state stays as it was.
 *
 * The state is in memory: it begins anew with the process, and when its key was forgotten. A message that is delivered
 * again is folded in again. `fold` must give a new state and leave the old one alone: that one is a payload by now.
 *
 * ```
 * source  ──1──2──3──▶
 *         scan((sum, { payload }) => sum + payload, { initial: 0 })
 *         ──1──3──6──▶
 * ```
 *
 * @param fold gives the next state. It must be small: as many are kept as there are keys.
 * @example
 * ```yaml
 * via:
 *   - scan: { initial: 0, with: state + payload.qty }
 *   - scan: { key: payload.room, initial: { n: 0 }, with: '{"n": state.n + 1, "last": payload}' }
 * ```
 */
export function scan<State>(
  fold: (state: State, message: Message) => State,
  options: ScanOptions<State>,
): MessageOperator {
  const { initial, key, maxKeys = MAX_KEYS, name = 'scan' } = options;

  return stage((target) => {
    const states = new LRUCache<NonNullable<unknown>, { readonly state: State }>({ max: maxKeys });

    return (message) => {
      let state: State;
      try {
        const of = keyOf(message, key) ?? ALL;
        // Peeked at: a message that fails must not make its key look used.
        state = fold((states.peek(of) ?? { state: initial }).state, message);
        if (state === undefined || state instanceof Promise) throw noState(state);
        states.set(of, { state });
      } catch (thrown) {
        failStep(name, message, thrown);
        return;
      }
      target.next(message.with(state));
    };
  });
}

function noState(state: unknown): AraldoError {
  const what = state === undefined ? 'undefined (a forgotten return?)' : found(state);
  return new AraldoError('step-failed', `expected a state, found ${what}`);
}

interface Settings {
  readonly initial: unknown;
  readonly with: (values: Readonly<Record<string, unknown>>) => unknown;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly 'max-keys': number;
}

const options: z.ZodType<Settings> = z.strictObject({
  initial: z.json().describe('The state before the first message of a key.'),
  with: formula(['state', 'payload', 'meta', 'id'], 'state + payload.qty').describe(
    'The next state, in CEL made of state, payload, meta and id. It is also the payload that leaves.',
  ),
  key: value().optional().describe('A state for each value of this.'),
  'max-keys': z
    .int()
    .positive()
    .default(MAX_KEYS)
    .describe('Keys that have a state; the one unused longest begins anew.'),
});

export const scanStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'scan',
  summary: 'Folds messages into a state, and forwards each state as a payload.',
  options,
  create({ initial, with: next, key, 'max-keys': maxKeys }, { name }) {
    const fold = (state: unknown, { payload, meta, id }: Message): unknown =>
      next({ state, payload, meta, id });
    return scan(fold, { initial, key, maxKeys, name });
  },
});
