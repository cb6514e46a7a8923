/** What one partition is to be given, in order: it stays here until the broker has answered for it. */
import { Ring } from '../../src/core/ring.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { OutgoingRecord } from './record.ts';

/** What one batch may hold: brokers take a little over 1 MiB unless told otherwise, before or after compression. */
const MOST_BYTES = 900_000;
const MOST_MESSAGES = 4_096;

/** Milliseconds from the first message of a batch on, either way: the client library writes larger ones wrong. */
const FURTHEST_MS = 2n ** 31n - 1n;

export interface Waiting {
  readonly record: OutgoingRecord;
  readonly ticket: number;
  readonly sender: Sender;
}

export interface Outgoing {
  readonly partition: number;
  readonly length: number;
  push(waiting: Waiting): void;
  /** The next batch, of about `room` bytes at most, and of one message at least. They stay until they are dropped. */
  next(room: number): readonly Waiting[];
  /** The first `count` are answered. */
  drop(count: number): void;
  /** The first `count` were refused together: from now on each of them goes alone, so that it is seen which it was. */
  single(count: number): void;
}

/** Its bound is the writer's, over all partitions. */
export function createOutgoing(partition: number): Outgoing {
  const queue = new Ring<Waiting>();
  let singles = 0;

  return {
    partition,
    get length() {
      return queue.length;
    },
    push: (waiting) => queue.push(waiting),
    next(room) {
      const most = singles > 0 ? 1 : Math.min(queue.length, MOST_MESSAGES);
      const batch: Waiting[] = [];
      let left = Math.min(room, MOST_BYTES);
      const begin = queue.at(0)?.record.timestamp ?? 0n;
      for (let place = 0; place < most; place += 1) {
        const waiting = queue.at(place) as Waiting;
        if (place > 0 && waiting.record.size > left) break;
        const away = waiting.record.timestamp - begin;
        if (away > FURTHEST_MS || away < -FURTHEST_MS) break;
        left -= waiting.record.size;
        batch.push(waiting);
      }
      return batch;
    },
    drop(count) {
      for (let left = count; left > 0; left -= 1) queue.shift();
      singles = Math.max(0, singles - count);
    },
    single(count) {
      singles = count;
    },
  };
}
