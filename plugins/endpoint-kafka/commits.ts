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
  /** So many messages that are settled and not committed are committed before it is time: a crash repeats them. */
  readonly most: number;
  /** Twice as many are not committed, because the group does not answer: no more must be emitted. Or that is over. */
  readonly onBehind: (isBehind: boolean) => void;
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
  /** Settled since the last commit began. */
  let uncommitted = 0;
  let isBehind = false;

  return {
    due() {
      uncommitted += 1;
      if (uncommitted < options.most) due();
      else if (running === undefined) early();
      else if (!isBehind && lag() >= 2 * options.most) behind(true);
    },
    hurry(hurried) {
      isHurried = hurried;
      if (hurried) early();
      // The group has given out its partitions anew: it answers, and some of what was settled may not be ours.
      else behind(false);
    },
    async finish() {
      await running;
      await commit();
    },
    close() {
      isOver = true;
      behind(false);
      timer?.unsubscribe();
      cut(pool);
    },
  };

  /** How much is settled and not committed, by offsets. What one unsettled message holds back the window counts. */
  function lag(): number {
    let sum = 0;
    for (const { committed, settledTo } of partitions())
      if (committed >= 0) sum += Math.max(0, settledTo - committed);
    return sum;
  }

  function behind(is: boolean): void {
    if (is === isBehind) return;
    isBehind = is;
    options.onBehind(is);
  }

  function early(): void {
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
    running ??= send().finally(() => {
      running = undefined;
      if (isHurried) due();
      else if (uncommitted >= options.most && !isOver) early();
    });
    return running;
  }

  async function send(): Promise<void> {
    uncommitted = 0;
    const moved = [...partitions()]
      .map((partition) => ({ partition, to: partition.settledTo }))
      .filter(({ partition, to }) => to > partition.committed);
    if (moved.length === 0) behind(false);
    if (moved.length === 0 || isOver) return;
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
      for (const { partition, to } of moved) partition.committed = Math.max(partition.committed, to);
      behind(false);
    } catch (thrown) {
      failed(thrown);
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
    failures += 1;
    const names = protocolErrorsOf(thrown);
    if (names.length > 0 && names.every((name) => isLate.has(name))) return;
    if (failures < MOST_FAILURES) return due();
    onBroken(
      refusal('connection-lost', `could not commit for the group ${group} of ${addressOf(settings)}`, thrown),
    );
  }
}
