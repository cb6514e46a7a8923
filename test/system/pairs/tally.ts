// Counts by number what a producer was confirmed and what a reader has found: a byte or two for each message, so that a
// million of them cost nothing.

import type { Reader } from './durable-system.ts';

/** What is lost was acknowledged by the source's server, and never came out at the sink's. */
export interface Counts {
  readonly attempted: number;
  readonly acknowledged: number;
  /** How many different messages came. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Came and was never sent, or not as it was sent. */
  readonly unexpected: number;
}

export interface Tally extends Reader {
  /** The payloads of the next so many messages, from now on attempted. */
  next(count: number): Buffer[];
  /** Whether the server has confirmed each of the last `next`. */
  confirmed(are: readonly boolean[]): void;
  readonly attempted: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly duplicated: number;
  /** How many were acknowledged, and have not come. */
  missing(): number;
  counts(): Counts;
}

/** @param most more messages than that are never attempted */
export function createTally(most: number): Tally {
  const isAcknowledged = new Uint8Array(most);
  const times = new Uint16Array(most);
  let attempted = 0;
  let last = 0;
  let acknowledged = 0;
  let delivered = 0;
  let duplicated = 0;
  let unexpected = 0;

  const missing = (): number => {
    let count = 0;
    for (let number = 0; number < attempted; number += 1)
      if (isAcknowledged[number] === 1 && times[number] === 0) count += 1;
    return count;
  };

  const came = (payload: Buffer): void => {
    const text = payload.toString('latin1');
    const number = Number.parseInt(text, 10);
    if (!(number >= 0 && number < attempted) || text !== textOf(number)) {
      unexpected += 1;
      return;
    }
    const before = times[number] ?? 0;
    times[number] = Math.min(before + 1, 65_535);
    if (before === 0) delivered += 1;
    else duplicated += 1;
  };

  return {
    came,
    next(count) {
      if (attempted >= most) throw new RangeError(`more than ${most} messages were attempted`);
      last = attempted;
      attempted = Math.min(most, attempted + count);
      return Array.from({ length: attempted - last }, (_, at) => Buffer.from(textOf(last + at)));
    },
    confirmed(are) {
      for (const [at, is] of are.entries()) {
        if (!is) continue;
        isAcknowledged[last + at] = 1;
        acknowledged += 1;
      }
    },
    again(payload) {
      const number = Number.parseInt(payload.toString('latin1'), 10);
      if ((times[number] ?? 0) === 0) came(payload);
    },
    get attempted() {
      return attempted;
    },
    get acknowledged() {
      return acknowledged;
    },
    get delivered() {
      return delivered;
    },
    get duplicated() {
      return duplicated;
    },
    missing,
    counts: () => ({ attempted, acknowledged, delivered, lost: missing(), duplicated, unexpected }),
  };
}

/** Different lengths, so that a piece of one is not another. */
function textOf(number: number): string {
  return `${number} ${'x'.repeat(20 + (number % 80))}`;
}
