/** A message that the outside world gave to an endpoint, and what became of it. */
import type { Meta } from '../core/message.ts';

/**
 * `open`: nobody has settled it yet. `nacked`: given back, where the other side does not deliver again. `lost`: it
 * was in memory when the relay was killed, or was sent while the connection was away, and nobody keeps it.
 */
export type Fate = 'open' | 'acked' | 'nacked' | 'rejected' | 'lost';

export interface Sent {
  /** The endpoint and the place in the order of sending: `orders#1`. */
  readonly id: string;
  readonly endpoint: string;
  /** As it was given: the value, or the bytes. */
  readonly payload: unknown;
  /** As it was given. */
  readonly meta: Meta;
  readonly atMs: number;
  readonly fate: Fate;
  /** How often it was handed to the relay. */
  readonly deliveries: number;
  /** How often the relay gave it back. */
  readonly nacks: number;
  /** When its fate was settled; `undefined` while it is open. */
  readonly settledAtMs: number | undefined;
}

/** The same, as those who decide write it. */
export type SentRecord = { -readonly [K in keyof Sent]: Sent[K] };
