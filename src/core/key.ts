/** The key of a message, as steps that keep something for each key use it. */
import { AraldoError } from './errors.ts';
import type { Message } from './message.ts';

/** In characters: keys are remembered, and a bound on their number alone would bound nothing. */
const LONGEST = 1024;

/**
 * What stands for the key in a map: equal for equal keys, lists and maps included. Without `key` all messages have
 * the same.
 *
 * Throws what `key` throws, and an `AraldoError` (`step-failed`) for a key that is too long to be remembered.
 *
 * @example
 * keyOf(message, ({ payload }) => [payload.room, payload.user]) // '["lobby",7]'
 */
export function keyOf(message: Message, key: ((message: Message) => unknown) | undefined): unknown {
  if (key === undefined) return undefined;
  const value = key(message);
  const part = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  if (typeof part !== 'string' || part.length <= LONGEST) return part;
  throw new AraldoError(
    'step-failed',
    `expected a key of at most ${LONGEST} characters, found ${part.length}`,
  );
}
