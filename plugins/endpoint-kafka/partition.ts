/** One partition while it is ours: its lane, what was fetched of it and not handed over yet, and how far it is settled. */
import type { SchedulerLike } from 'rxjs';
import type { Lane } from '../../src/core/lane.ts';
import type { Port } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import type { Batch, ReadRecord, Records } from './batch.ts';
import type { Library } from './client.ts';
import { metaOf } from './record.ts';

/** So many messages in a row, then the event loop gets its turn. */
const TURN = 1_024;

const nothing = Buffer.alloc(0);

export interface PartitionOptions {
  readonly topic: string;
  readonly index: number;
  /** The name of the endpoint. */
  readonly endpoint: string;
  /** The offset of the first message to read. */
  readonly from: number;
  /** Whether the group has that offset of us already. */
  readonly isCommitted: boolean;
  readonly port: Port;
  readonly scheduler: SchedulerLike;
  readonly library: Pick<Library, 'compressionsAlgorithms'>;
  /** The most that a batch may be when it is decompressed, in bytes: one at a time is, and no more of it is. */
  readonly maxBatch: number;
  /** A batch is larger: it becomes one message, of which no more is known than its place. */
  readonly onTooLarge: (batch: Batch) => void;
  /** What the broker gave is no batch of records. Called once; nothing of the partition is read any more. */
  readonly onUnreadable: (thrown: unknown) => void;
  /** All that was fetched is handed over: there is room for more. */
  readonly onEmpty: () => void;
}

export interface Partition {
  readonly topic: string;
  readonly index: number;
  readonly lane: Lane;
  /** Where the next fetch begins. */
  readonly fetchFrom: number;
  /** Whether it has nothing left to hand over, and may hand over. */
  readonly wantsMore: boolean;
  /** What the group was last told; -1 when it was told nothing. */
  committed: number;
  /** The offset up to which, itself excluded, all is settled: what may be committed. */
  readonly settledTo: number;
  /** Takes what was fetched from `fetchFrom` on. */
  take(batches: readonly Batch[]): void;
  pause(): void;
  resume(): void;
  /** It is another's now: what is not handed over is forgotten, late settlements change nothing. */
  revoke(): void;
}

/**
 * What one fetch brought waits here and not in the stash of the source: there is at most one fetch of a partition, and
 * no other is made until all of it is handed over.
 */
export function createPartition(options: PartitionOptions): Partition {
  const { topic, index, endpoint, from, isCommitted, port, scheduler, library, maxBatch, onEmpty } = options;
  const name = `${topic}/${index}`;
  const meta = { endpoint, lane: name, topic, partition: index };
  const lane = port.source.lane({ name, meta, isCumulative: true, isCommitted: true });
  let fetched: readonly Batch[] = [];
  let batchAt = 0;
  /** Of the batch at `batchAt`, once it is begun. */
  let records: Records | undefined;
  let fetchFrom = from;
  /** A batch may begin before what was asked for: that was read already. */
  let handFrom = from;
  let isPaused = false;
  let isFeeding = false;
  let isOver = false;

  const partition: Partition = {
    topic,
    index,
    lane,
    committed: isCommitted ? from : -1,
    get fetchFrom() {
      return fetchFrom;
    },
    get wantsMore() {
      return !isOver && !isPaused && !isFeeding && batchAt >= fetched.length;
    },
    get settledTo() {
      const { floor } = lane;
      // With nothing unsettled, what holds no message is behind us too: gaps of compaction, ends of transactions.
      if (batchAt >= fetched.length && lane.stash.length === 0 && floor?.span === 0) return fetchFrom;
      return floor?.floor === undefined ? from : floor.floor + 1;
    },
    take(batches) {
      if (isOver) return;
      fetched = batches;
      batchAt = 0;
      records = undefined;
      handFrom = fetchFrom;
      const last = batches.at(-1);
      if (last !== undefined) fetchFrom = Math.max(fetchFrom, last.lastOffset + 1);
      if (!isPaused) feed();
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      if (!isFeeding) feed();
    },
    revoke() {
      isOver = true;
      fetched = [];
      records = undefined;
      lane.revoke();
    },
  };
  return partition;

  /** Hands over until it is paused. */
  function feed(): void {
    isFeeding = true;
    try {
      handOver();
    } catch (thrown) {
      isOver = true;
      options.onUnreadable(thrown);
    } finally {
      isFeeding = false;
    }
    if (isOver || isPaused) return;
    if (batchAt >= fetched.length) {
      fetched = [];
      onEmpty();
    } else scheduler.schedule(feedOn);
  }

  function handOver(): void {
    for (let left = TURN; batchAt < fetched.length && isLet() && left > 0; ) {
      const batch = fetched[batchAt] as Batch;
      if (records === undefined && !batch.isControl && !batch.isAborted && batch.lastOffset >= handFrom) {
        records = batch.open(library, maxBatch);
        if (records === undefined) handWhole(batch);
      }
      const record = records?.next();
      if (record === undefined) {
        records = undefined;
        batchAt += 1;
      } else if (record.offset >= handFrom) {
        left -= 1;
        hand(record);
      }
    }
  }

  /** Asked anew for each message: handing one over may pause us, or take the partition away. */
  function isLet(): boolean {
    return !isPaused && !isOver;
  }

  function feedOn(): void {
    if (!isFeeding && !isPaused && !isOver) feed();
  }

  function hand(record: ReadRecord): void {
    const { offset, timestampMs, value, isTooLarge } = record;
    const all = metaOf(meta, offset, timestampMs, isTooLarge ? { key: null, headers: [] } : record);
    // With a key or headers beyond all bounds it fails, as one whose payload is.
    if (isTooLarge) lane.receiveBytes(Wire.packed(value ?? nothing, maxBatch + 1), all, offset);
    else if (value === null) lane.receive(null, { ...all, tombstone: true }, offset);
    else lane.receiveBytes(Wire.of(value), all, offset);
  }

  /** At the place of its last message, so that what is settled behind it covers all of them. */
  function handWhole(batch: Batch): void {
    options.onTooLarge(batch);
    const { firstOffset, lastOffset, data } = batch;
    const id = `${endpoint}/${name}/${lastOffset}`;
    const all = { ...meta, id, offset: lastOffset, firstOffset };
    lane.receiveBytes(Wire.packed(data, maxBatch + 1), all, lastOffset);
  }
}
