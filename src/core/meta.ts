/** What is known of a message beside its payload. */

/** Plain and serialisable, so that it can travel: no socket, no function. Never changed, only replaced. */
export interface Meta {
  /** The position in the source where it has one; otherwise `message.id` makes one up. */
  readonly id?: string;
  /** What orders and partitions: messages with equal keys keep their order. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the payload is, as a media type: `application/json`. */
  readonly contentType?: string;
  /** What an answer has in common with its request. */
  readonly correlationId?: string;
  /** Where an answer is expected, as the system that it came from writes addresses. */
  readonly replyTo?: string;
  /** When it was made, in milliseconds since 1970, by the clock of whoever made it. */
  readonly timestamp?: number;
  /** The name of the endpoint that it came from. */
  readonly endpoint?: string;
  /** The part of the source with an order of its own: a peer, a partition, a channel. */
  readonly lane?: string;
  /** The peer that it came from, or the one that it is for: `instance.peer`. */
  readonly peer?: string;
  /** The parameters of the path that the peer connected to. */
  readonly params?: Readonly<Record<string, string>>;
  /** How many relays it has passed, so that a loop ends. */
  readonly hops?: number;
  /** How often it has been delivered; absent means once. */
  readonly deliveries?: number;
  /** What an endpoint adds of its own, such as the `channel` of Redis. */
  readonly [extra: string]: unknown;
}
