/** What a full buffer does: the user's choice, never ours. */
import { AraldoError } from './errors.ts';

/** The policies that need nothing but memory. */
export const memoryOverflows = ['pause', 'drop-oldest', 'drop-newest', 'latest', 'sample', 'error'] as const;
export type MemoryOverflow = (typeof memoryOverflows)[number];

/**
 * `pause` holds the source; `drop-oldest` keeps the newest; `drop-newest` keeps the oldest; `latest` keeps the
 * newest value of each key; `sample` does too, and sends one of each key a period; `error` rejects the message that does not fit and stops nothing; `spill` puts on disk
 * what does not fit.
 */
export type Overflow = MemoryOverflow | 'spill';

/** The policies of a leg. */
export const overflows: readonly Overflow[] = [...memoryOverflows, 'spill'];

/** A buffer is full when either bound is reached; one message always fits, however large. */
export interface Capacity {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Whether the policy may lose what it has accepted. Such a leg settles a message when it accepts it: if it
 * waited for the sink, a dead sink that nobody waits for would still fill the window of the source.
 */
export function isLossy(overflow: Overflow): boolean {
  switch (overflow) {
    case 'drop-oldest':
    case 'drop-newest':
    case 'latest':
    case 'sample':
      return true;
    case 'pause':
    case 'error':
    case 'spill':
      return false;
    default:
      return overflow satisfies never;
  }
}

/** Whether the newest message of a key takes the place of the one that waits. */
export function isKeyed(overflow: Overflow): boolean {
  return overflow === 'latest' || overflow === 'sample';
}

/**
 * The policy of a leg that code makes. Types say it already; JavaScript does not, and an unknown policy would lose
 * messages. Throws an `AraldoError` (`invalid-value`).
 *
 * @param leg as people read it: `code → archive`
 */
export function memoryOverflowOf(leg: string, overflow: string): MemoryOverflow {
  const found = memoryOverflows.find((policy) => policy === overflow);
  if (found !== undefined) return found;
  const words = memoryOverflows.join(', ');
  const cure =
    overflow === 'spill'
      ? '; a leg in code has no file: write the route in araldo.yaml, with its steps as files (via: [{ use: ./step.ts }]), ' +
        'and let its leg spill, or send to a system that keeps messages'
      : '';
  throw new AraldoError('invalid-value', `${leg}: expected ${words}, found ${overflow}${cure}`);
}
