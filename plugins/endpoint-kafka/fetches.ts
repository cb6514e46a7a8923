/** Fetches what partitions have room for: at most one request for each broker, which waits there for messages to come. */
import type * as kafka from '@platformatic/kafka';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { AraldoError } from '../../src/core/errors.ts';
import { type Client, cut, poolOf } from './client.ts';
import { type Fetched, fetchFrom } from './fetch.ts';
import type { Partition } from './partition.ts';
import { protocolErrorsOf, refusal, responseOf } from './refusal.ts';
import { addressOf, type Settings } from './settings.ts';

/** How long a broker waits for messages; shorter while some partition is paused, which may want to read on meanwhile. */
const WAIT_MS = 500;
const SHORT_WAIT_MS = 25;

/** What one answer may hold, of a partition and in all; a message that is larger comes alone. */
const MOST_BYTES_OF_PARTITION = 1024 * 1024;
const MOST_BYTES = 8 * 1024 * 1024;

/** So many fetches may fail one after the other while a partition moves to another broker. */
const MOST_FAILURES = 30;
const LEAST_PAUSE_MS = 50;
const MOST_PAUSE_MS = 1_000;

/** A partition moves, or a broker has forgotten what we last asked for: asking once more helps. */
const isTransient = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
]);

const OFFSET_OUT_OF_RANGE = 1;

export interface FetchesOptions {
  readonly client: Client;
  readonly settings: Settings;
  readonly consumer: kafka.Consumer;
  readonly scheduler: SchedulerLike;
  readonly partitions: () => Iterable<Partition>;
  /** What we wanted to read on from is not there any more. */
  readonly onOutOfRange: (partition: Partition) => void;
  readonly onBroken: (error: AraldoError) => void;
}

export interface Fetches {
  /** Some partition may have room. */
  pump(): void;
  /** Fetches nothing more; what is on its way comes still. */
  stop(): void;
  close(): void;
}

export function createFetches(options: FetchesOptions): Fetches {
  const { client, settings, consumer, scheduler, partitions, onOutOfRange, onBroken } = options;
  const pool = poolOf(client);
  /** Brokers that we wait for an answer of. */
  const asked = new Set<number>();
  let pause: Subscription | undefined;
  let isLooking = false;
  let isStopped = false;
  let failures = 0;
  const isolation = settings.isolation === 'read-committed' ? 1 : 0;

  return {
    pump,
    stop() {
      isStopped = true;
      pause?.unsubscribe();
    },
    close() {
      isStopped = true;
      pause?.unsubscribe();
      cut(pool);
    },
  };

  function pump(): void {
    if (isStopped || isLooking || (pause !== undefined && !pause.closed)) return;
    for (const partition of partitions()) {
      if (!partition.wantsMore) continue;
      isLooking = true;
      void look().catch(failed);
      return;
    }
  }

  /** Asks every broker that leads a partition with room and is not asked yet. */
  async function look(): Promise<void> {
    let metadata: kafka.ClusterMetadata;
    try {
      metadata = await consumer.metadata({ topics: [...settings.reads] });
    } finally {
      isLooking = false;
    }
    if (isStopped) return;
    const wanted = new Map<number, Partition[]>();
    let isSome = false;
    for (const partition of partitions()) {
      if (!partition.wantsMore) {
        isSome = true;
        continue;
      }
      const leader = metadata.topics.get(partition.topic)?.partitions[partition.index]?.leader ?? -1;
      const ofLeader = wanted.get(leader) ?? [];
      wanted.set(leader, ofLeader);
      ofLeader.push(partition);
    }
    for (const [leader, ofLeader] of wanted) {
      if (asked.has(leader)) continue;
      const broker = metadata.brokers.get(leader);
      if (broker === undefined) throw new client.library.ProtocolError('LEADER_NOT_AVAILABLE');
      asked.add(leader);
      fetch(leader, broker, ofLeader, metadata, isSome ? SHORT_WAIT_MS : WAIT_MS).then(pump, failed);
    }
  }

  async function fetch(
    node: number,
    broker: kafka.Broker,
    wanted: readonly Partition[],
    metadata: kafka.ClusterMetadata,
    waitMs: number,
  ): Promise<void> {
    const nameOf = new Map<string, string>();
    const topics = new Map<string, kafka.fetchV17.FetchRequestTopic>();
    for (const partition of wanted) {
      const { id } = metadata.topics.get(partition.topic) as kafka.ClusterTopicMetadata;
      nameOf.set(id, partition.topic);
      const topic = topics.get(id) ?? { topicId: id, partitions: [] };
      topics.set(id, topic);
      topic.partitions.push({
        partition: partition.index,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(partition.fetchFrom),
        lastFetchedEpoch: -1,
        partitionMaxBytes: MOST_BYTES_OF_PARTITION,
      });
    }
    let fetched: Fetched;
    try {
      fetched = await fetchFrom({
        library: client.library,
        consumer,
        connection: await pool.get(broker),
        waitMs,
        maxBytes: MOST_BYTES,
        isolation,
        topics: [...topics.values()],
        nameOf: (id) => nameOf.get(id) ?? id,
      });
      failures = 0;
    } catch (thrown) {
      const outOfRange = placesIn(responseOf(thrown), nameOf).filter(
        ({ code }) => code === OFFSET_OUT_OF_RANGE,
      );
      if (outOfRange.length === 0) throw thrown;
      for (const { topic, index } of outOfRange) {
        const partition = wanted.find((one) => one.topic === topic && one.index === index);
        if (partition !== undefined) onOutOfRange(partition);
      }
      return;
    } finally {
      asked.delete(node);
    }
    if (isStopped) return;
    for (const { topic: id, partitions: answers } of fetched.responses) {
      const topic = nameOf.get(id) ?? id;
      for (const { index, batches } of answers) {
        // It may have been taken away while we waited, and given back as another.
        const partition = wanted.find((one) => one.topic === topic && one.index === index);
        if (batches.length > 0) partition?.take(batches);
      }
    }
  }

  function failed(thrown: unknown): void {
    if (isStopped) return;
    const names = protocolErrorsOf(thrown);
    failures += 1;
    if (failures >= MOST_FAILURES || names.length === 0 || !names.every((name) => isTransient.has(name))) {
      isStopped = true;
      return onBroken(refusal('connection-lost', `could not read from ${addressOf(settings)}`, thrown));
    }
    consumer.clearMetadata();
    const ms = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** Math.min(failures, 10));
    pause = scheduler.schedule(() => {
      pause?.unsubscribe();
      pump();
    }, ms);
  }
}

/** The partitions of an answer, with what went wrong for each. */
function placesIn(
  response: unknown,
  nameOf: ReadonlyMap<string, string>,
): readonly { topic: string | undefined; index: number; code: number }[] {
  const { responses = [] } = (response ?? {}) as Partial<Fetched>;
  return responses.flatMap(({ topic, partitions }) =>
    partitions.map(({ index, errorCode }) => ({ topic: nameOf.get(topic) ?? topic, index, code: errorCode })),
  );
}
