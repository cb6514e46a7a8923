/** What the address of an acknowledgement says of a message: JetStream puts there which delivery of what it is. */

export interface Delivery {
  readonly stream: string;
  /** How often it has been delivered, this time included. */
  readonly deliveries: number;
  /** The position in the stream. */
  readonly sequence: number;
  /** The position among the deliveries of the consumer: rises with each, those that are repeated too. */
  readonly place: number;
  /** When the stream took it, in milliseconds since 1970. */
  readonly timestamp: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`, or
 * the longer form with a domain and an account before the stream. `undefined` for anything else.
 */
export function readDelivery(reply: string): Delivery | undefined {
  if (!reply.startsWith('$JS.ACK.')) return undefined;
  const tokens = reply.split('.');
  const first = tokens.length === 9 ? 2 : 4;
  const stream = tokens[first];
  const deliveries = Number(tokens[first + 2]);
  const sequence = Number(tokens[first + 3]);
  const place = Number(tokens[first + 4]);
  const timestamp = Number((tokens[first + 5] ?? '').slice(0, -6));
  if (stream === undefined || !Number.isSafeInteger(deliveries) || !Number.isSafeInteger(sequence))
    return undefined;
  if (!Number.isSafeInteger(place) || !Number.isSafeInteger(timestamp)) return undefined;
  return { stream, deliveries, sequence, place, timestamp };
}
