/** What a full buffer does: the user's choice, never ours. */

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
