/** Tells the group how far each partition is settled: all of them in one request, now and then. */
import type * as kafka from '@platformatic/kafka';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { AraldoError } from '../../src/core/errors.ts';
import { type Client, cut, poolOf } from './client.ts';
import type { Partition } from './partition.ts';
import { protocolErrorsOf, refusal } from './refusal.ts';
import { addressOf, type Settings } from './settings.ts';

/** While the group waits for its members, what is settled must be told before another reads on from there. */
const HURRIED_MS = 20;

/** So many commits may fail one after the other. */
const MOST_FAILURES = 5;

/** The partition may be another's by now, and its floor is no business of ours any more. */
const isLate = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

export interface CommitsOptions {
  readonly client: Client;
  readonly settings: Settings;
  readonly group: string;
  readonly consumer: kafka.Consumer;
  readonly scheduler: SchedulerLike;
  /** How many messages are settled and not committed: a crash repeats them, and they have their places in the window. */
  readonly uncommitted: () => number;
  /** So many are committed before it is time. */
  readonly most: number;
  /** What we own now. */
  readonly partitions: () => Iterable<Partition>;
  readonly onBroken: (error: AraldoError) => void;
}

export interface Commits {
  /** Something was settled. */
  due(): void;
  /** From now on at once, or at intervals again. */
  hurry(isHurried: boolean): void;
  /** Commits what is settled now. Resolves when that is answered; an error is no more than the next chance missed. */
  finish(): Promise<void>;
  close(): void;
}

/** What the API of the client library takes; versions differ in what they ignore. */
type CommitApi = (
  connection: kafka.Connection,
  group: string,
  generation: number,
  memberId: string | null,
  instance: null,
  topics: readonly CommitTopic[],
  callback: (error: Error | null) => void,
) => void;

interface CommitTopic {
  readonly name: string;
  readonly partitions: {
    readonly partitionIndex: number;
    readonly committedOffset: bigint;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: null;
  }[];
}

/**
 * By the API beneath `Consumer.commit`: that one answers "you are no member any more" by joining again and committing
 * once more, which may set back a partition that another has read on from. And on a connection of its own, because that
 * of the group is taken while a member joins, which is when a commit counts most.
 */
export function createCommits(options: CommitsOptions): Commits {
  const { client, settings, group, consumer, scheduler, partitions, onBroken } = options;
  const pool = poolOf(client);
  let timer: Subscription | undefined;
  let running: Promise<void> | undefined;
  let isHurried = false;
  let isOver = false;
  let failures = 0;

  return {
    due() {
      if (isMuch() && running === undefined) early();
      else due();
    },
    hurry(hurried) {
      isHurried = hurried;
      // The group has given out its partitions anew, or is about to: what it would not take before it may take now.
      if (hurried || isMuch()) early();
    },
    async finish() {
      await running;
      await commit();
    },
    close() {
      isOver = true;
      timer?.unsubscribe();
      cut(pool);
    },
  };

  function isMuch(): boolean {
    return options.uncommitted() >= options.most;
  }

  function early(): void {
    if (isOver) return;
    timer?.unsubscribe();
    timer = undefined;
    void commit();
  }

  function due(): void {
    if (timer !== undefined || isOver) return;
    timer = scheduler.schedule(
      () => {
        timer = undefined;
        void commit();
      },
      isHurried ? HURRIED_MS : settings.commitMs,
    );
  }

  function commit(): Promise<void> {
    running ??= send().then((isTaken) => {
      running = undefined;
      // What the group has not taken is not sent again at once: it may be busy for long.
      if (isTaken && isMuch() && !isHurried) early();
      else if (isHurried || hasMoved()) due();
    });
    return running;
  }

  function hasMoved(): boolean {
    for (const { settledTo, committed } of partitions()) if (settledTo > committed) return true;
    return false;
  }

  /** Resolves with whether the group has taken something; never rejects. */
  async function send(): Promise<boolean> {
    const moved = [...partitions()]
      .map((partition) => ({ partition, to: partition.settledTo, places: partition.lane.uncommitted }))
      .filter(({ partition, to }) => to > partition.committed);
    if (moved.length === 0 || isOver) return false;
    const topics = new Map<string, CommitTopic>();
    for (const { partition, to } of moved) {
      const topic = topics.get(partition.topic) ?? { name: partition.topic, partitions: [] };
      topics.set(partition.topic, topic);
      topic.partitions.push({
        partitionIndex: partition.index,
        committedOffset: BigInt(to),
        committedLeaderEpoch: -1,
        committedMetadata: null,
      });
    }
    try {
      await request([...topics.values()]);
      failures = 0;
      for (const { partition, to, places } of moved) {
        partition.committed = Math.max(partition.committed, to);
        partition.lane.committed(places);
      }
      return true;
    } catch (thrown) {
      failed(thrown);
      return false;
    }
  }

  async function request(topics: readonly CommitTopic[]): Promise<void> {
    // Of the member as it is now: a later generation is another's business.
    const { generationId, memberId } = consumer;
    const coordinator = await consumer.findGroupCoordinator();
    const { brokers } = await consumer.metadata({ topics: [] });
    const broker = brokers.get(coordinator);
    if (broker === undefined) throw new Error(`the broker ${coordinator} of the group is not known`);
    const connection = await pool.get(broker);
    const api = await new Promise<CommitApi>((resolve, reject) => {
      consumer[client.library.kGetApi]('OffsetCommit', (error, found) => {
        if (error) reject(error);
        else resolve(found as unknown as CommitApi);
      });
    });
    await new Promise<void>((resolve, reject) => {
      api(connection, group, generationId, memberId, null, topics, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  function failed(thrown: unknown): void {
    if (isOver) return;
    const names = protocolErrorsOf(thrown);
    if (names.length > 0 && names.every((name) => isLate.has(name))) return;
    failures += 1;
    if (failures < MOST_FAILURES) return due();
    onBroken(
      refusal('connection-lost', `could not commit for the group ${group} of ${addressOf(settings)}`, thrown),
    );
  }
}
