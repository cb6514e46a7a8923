/** One partition while it is ours: its lane, what was fetched of it and not handed over yet, and how far it is settled. */
import type * as kafka from '@platformatic/kafka';
import type { SchedulerLike } from 'rxjs';
import type { Port } from '../../src/core/endpoint.ts';
import type { Lane } from '../../src/core/lane.ts';
import { Wire } from '../../src/core/wire.ts';
import { metaOf } from './record.ts';

/** So many messages in a row, then the event loop gets its turn. */
const TURN = 1_024;

/** A batch of the broker itself, that says where a transaction ends. */
const IS_CONTROL = 1 << 5;

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
  take(batches: readonly kafka.RecordsBatch[]): void;
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
  const { topic, index, endpoint, from, isCommitted, port, scheduler, onEmpty } = options;
  const name = `${topic}/${index}`;
  const meta = { endpoint, lane: name, topic, partition: index };
  const lane = port.source.lane({ name, meta, isCumulative: true });
  let fetched: readonly kafka.RecordsBatch[] = [];
  let batchAt = 0;
  let recordAt = 0;
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
      recordAt = 0;
      handFrom = fetchFrom;
      const last = batches.at(-1);
      if (last !== undefined)
        fetchFrom = Math.max(fetchFrom, Number(last.firstOffset) + last.lastOffsetDelta + 1);
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
      lane.revoke();
    },
  };
  return partition;

  /** Hands over until it is paused. */
  function feed(): void {
    isFeeding = true;
    let left = TURN;
    for (; batchAt < fetched.length && isLet() && left > 0; batchAt += 1, recordAt = 0) {
      const batch = fetched[batchAt] as kafka.RecordsBatch;
      if ((batch.attributes & IS_CONTROL) !== 0) continue;
      const { records } = batch;
      const begin = Number(batch.firstOffset);
      const beginMs = Number(batch.firstTimestamp);
      while (recordAt < records.length && isLet() && left > 0) {
        const record = records[recordAt] as kafka.KafkaRecord;
        recordAt += 1;
        const offset = begin + record.offsetDelta;
        if (offset < handFrom) continue;
        left -= 1;
        hand(record, offset, beginMs + Number(record.timestampDelta));
      }
      if (recordAt < records.length) break;
    }
    isFeeding = false;
    if (isOver || isPaused) return;
    if (batchAt >= fetched.length) {
      fetched = [];
      onEmpty();
    } else scheduler.schedule(feedOn);
  }

  /** Asked anew for each message: handing one over may pause us, or take the partition away. */
  function isLet(): boolean {
    return !isPaused && !isOver;
  }

  function feedOn(): void {
    if (!isFeeding && !isPaused && !isOver) feed();
  }

  function hand(record: kafka.KafkaRecord, offset: number, timestampMs: number): void {
    const all = metaOf(meta, offset, timestampMs, record);
    if (record.value === null) lane.receive(null, { ...all, tombstone: true }, offset);
    else lane.receiveBytes(Wire.of(record.value), all, offset);
  }
}
