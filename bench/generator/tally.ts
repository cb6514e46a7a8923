/** What was sent, what is therefore expected, and what has arrived. */

export interface Tally {
  /** Messages handed to sockets. */
  sent: number;
  /** Bytes that they are to become at the subscribers. */
  expected: number;
  /** Bytes of messages that subscribers got. */
  received: number;
  /** How many subscribers each message goes to; fewer once some are thrown out. */
  fanOut: number;
  /** The size in which a message arrives. */
  readonly size: number;
  /** Messages that were given up after nothing had arrived for a while, so that the loop goes on. */
  lost: number;
}

export function createTally(size: number, fanOut: number): Tally {
  return { sent: 0, expected: 0, received: 0, fanOut, size, lost: 0 };
}

export function noteSent(tally: Tally, messages: number): void {
  tally.sent += messages;
  tally.expected += messages * tally.fanOut * tally.size;
}

export function underWay(tally: Tally): number {
  return tally.expected - tally.received;
}

/** Takes what has not arrived for lost. Returns how many messages that are. */
export function giveUp(tally: Tally): number {
  const messages = Math.max(0, Math.round(underWay(tally) / tally.size));
  tally.lost += messages;
  tally.expected = tally.received;
  return messages;
}
