/** The words of settling: what becomes of a message, why, and who keeps a source from emitting more. */

/** `ack`: done. `nack`: failed, try again. `reject`: failed for good. */
export type Status = 'ack' | 'nack' | 'reject';

/**
 * How an obligation ends otherwise than in a sink: left out on purpose, failed, or failed and kept as a dead letter. The
 * reason is the word that it is counted by: `filtered`, or the code of an error.
 */
export type End = 'discarded' | 'failed' | 'set-aside';

/** Whoever holds a gate shut. The name is what people read in metrics, logs and `/readyz`. */
export interface Holder {
  readonly name: string;
}

/** What can be kept from emitting: a source. */
export interface Valve {
  /** Until the same holder releases it. Idempotent. */
  hold(holder: Holder): void;
  release(holder: Holder): void;
}

/** Where a message has failed. */
export interface FailedAt {
  /** A step, a leg, or what compile puts before them: `orders.via[2] map`, `orders → archive`, `unmarshal json`. */
  readonly at: string;
  /** How often a leg had sent it; absent where it was not sent. */
  readonly attempts?: number;
}
