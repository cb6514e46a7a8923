/** What a full buffer does: the user's choice, never ours. */

/** The policies of a leg. `spill` and `sample` need more than memory and time, and have files of their own. */
export const overflows = ['pause', 'drop-oldest', 'drop-newest', 'latest', 'error'] as const;

/**
 * `pause` holds the source; `drop-oldest` keeps the newest; `drop-newest` keeps the oldest; `latest` keeps the
 * newest value of each key; `error` rejects the message that does not fit and stops nothing.
 */
export type Overflow = (typeof overflows)[number];

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
      return true;
    case 'pause':
    case 'error':
      return false;
    default:
      return overflow satisfies never;
  }
}
