/** The reading half of an open endpoint: a member of a group, the partitions it owns, and how far they are settled. */
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Log } from '../../src/core/log.ts';
import type { Holder } from '../../src/core/message.ts';
import { createRateLimitedLog } from '../../src/core/rate-limited-log.ts';
import type { Port } from '../../src/core/transport.ts';
import { formatSize } from '../../src/options/size.ts';
import type { Client } from './client.ts';
import { createCommits } from './commits.ts';
import { createFetches } from './fetches.ts';
import { type Assignment, createGroup } from './group.ts';
import { createPartition, type Partition } from './partition.ts';
import { refusal } from './refusal.ts';
import { addressOf, type Settings } from './settings.ts';

/** Kafka's names for "where the log begins" and "where it ends", as timestamps. */
const EARLIEST = -2n;
const LATEST = -1n;

const WARN_EVERY_MS = 10_000;

export interface ReaderOptions {
  readonly client: Client;
  readonly settings: Settings;
  readonly group: string;
  readonly memberId: string | undefined;
  readonly endpoint: string;
  readonly port: Port;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** Once, and not after `close`. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Reader {
  /** Whom the group knows us as. */
  readonly memberId: string | undefined;
  /** Resolves when we are a member and read what we own. After a rejection, `close` it. */
  open(): Promise<void>;
  pause(lane: Lane): void;
  resume(lane: Lane): void;
  settled(lane: Lane): void;
  /** Fetches nothing more. */
  drain(): void;
  /** Commits what is settled, leaves the group, ends all. */
  leave(): Promise<void>;
  /** Ends all at once. Idempotent. */
  close(): void;
}

interface Place {
  readonly topic: string;
  readonly index: number;
}

interface Beginning {
  readonly offset: number;
  readonly isCommitted: boolean;
}

export function createReader(options: ReaderOptions): Reader {
  const { client, settings, endpoint, port, scheduler, log } = options;
  /** By name: as many as the topics have. */
  const owned = new Map<string, Partition>();
  /** What is emitted while the group settles who owns what would come twice, from us and from whoever owns it then. */
  const holder: Holder = { name: `${endpoint}: the group ${options.group} rebalances` };
  const warn = createRateLimitedLog({ log, level: 'warn', everyMs: WARN_EVERY_MS, scheduler });
  let last: Assignment | undefined;
  /** Counts assignments, so that what was asked for an older one is dropped. */
  let round = 0;
  let isOver = false;
  let opened: { resolve(): void; reject(error: unknown): void } | undefined;

  const group = createGroup({
    client,
    settings,
    group: options.group,
    memberId: options.memberId,
    scheduler,
    onRebalance() {
      port.source.hold(holder);
      commits.hurry(true);
    },
    beforeJoin: () => commits.finish(),
    onAssigned(assignment) {
      void assigned(assignment).then(
        () => opened?.resolve(),
        (thrown: unknown) => {
          const error = refusal(
            'connection-lost',
            `could not read the offsets of ${addressOf(settings)}`,
            thrown,
          );
          opened?.reject(error);
          broken(error);
        },
      );
    },
    onBroken: broken,
  });
  const { consumer } = group;
  const shared = {
    client,
    settings,
    consumer,
    scheduler,
    partitions: () => owned.values(),
    onBroken: broken,
  };
  const commits = createCommits({
    ...shared,
    group: options.group,
    uncommitted: () => port.source.uncommitted,
    // A quarter of the window: the rest of it has room meanwhile.
    most: Math.max(1, Math.floor(port.source.gate.window / 4)),
  });
  const fetches = createFetches({
    ...shared,
    onOutOfRange: (partition) => void restart(partition).catch(lost),
  });

  return {
    get memberId() {
      return last?.memberId;
    },
    async open() {
      const reading = new Promise<void>((resolve, reject) => {
        opened = { resolve, reject };
      });
      // Whoever waits below may have given up by then.
      reading.catch(() => undefined);
      await group.join();
      await reading;
    },
    pause: (lane) => partitionOf(lane)?.pause(),
    resume(lane) {
      partitionOf(lane)?.resume();
      fetches.pump();
    },
    settled: () => commits.due(),
    drain: () => fetches.stop(),
    async leave() {
      if (isOver) return;
      fetches.stop();
      await commits.finish();
      await group.leave();
      close();
    },
    close,
  };

  async function assigned(assignment: Assignment): Promise<void> {
    round += 1;
    const mine = round;
    const places = assignment.topics.flatMap(({ topic, partitions }) =>
      partitions.map((index) => ({ topic, index })),
    );
    // With no generation between, nobody else can have owned what was ours and is ours again.
    const isNext = last?.memberId === assignment.memberId && assignment.generation === last.generation + 1;
    const names = new Set(places.map(nameOf));
    for (const [name, partition] of owned) if (!isNext || !names.has(name)) revoke(name, partition);
    last = assignment;
    commits.hurry(false);
    port.source.release(holder);
    const added = places.filter((place) => !owned.has(nameOf(place)));
    const offsets = await beginningsOf(added);
    if (isOver || round !== mine) return;
    for (const place of added) own(place, offsets.get(nameOf(place)) as Beginning);
    log.debug(
      { endpoint, group: options.group, partitions: [...names] },
      'the group has given out its partitions',
    );
    fetches.pump();
  }

  function own({ topic, index }: Place, { offset: from, isCommitted }: Beginning): void {
    const partition = createPartition({
      topic,
      index,
      endpoint,
      from,
      isCommitted,
      port,
      scheduler,
      library: client.library,
      maxBatch: settings.maxBatch,
      onTooLarge: ({ firstOffset, lastOffset, count }) =>
        warn(
          { endpoint, partition: `${topic}/${index}`, firstOffset, lastOffset, count },
          `${topic}/${index}: a batch of messages is larger than max-batch (${formatSize(settings.maxBatch)}) when it is decompressed; it goes to on-error as one message`,
        ),
      onUnreadable: lost,
      onEmpty: () => fetches.pump(),
    });
    owned.set(nameOf(partition), partition);
    // Until the group knows where we began, `start: latest` would begin elsewhere after a crash.
    if (!isCommitted) commits.due();
  }

  function revoke(name: string, partition: Partition): void {
    owned.delete(name);
    partition.revoke();
  }

  /** Where to read on: where the group was, and where `start` says for what it has never read. */
  async function beginningsOf(places: readonly Place[]): Promise<ReadonlyMap<string, Beginning>> {
    const found = new Map<string, Beginning>();
    if (places.length === 0) return found;
    const topics = [...indexesOf(places)].map(([topic, partitions]) => ({ topic, partitions }));
    const committed = await consumer.listCommittedOffsets({ topics });
    const fresh: Place[] = [];
    for (const place of places) {
      const offset = Number(committed.get(place.topic)?.[place.index] ?? -1n);
      if (offset >= 0) found.set(nameOf(place), { offset, isCommitted: true });
      else fresh.push(place);
    }
    for (const [name, offset] of await logOffsets(fresh, settings.start))
      found.set(name, { offset, isCommitted: false });
    return found;
  }

  async function logOffsets(
    places: readonly Place[],
    end: Settings['start'],
  ): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    if (places.length === 0) return found;
    const byTopic = indexesOf(places);
    const offsets = await consumer.listOffsets({
      topics: [...byTopic.keys()],
      partitions: Object.fromEntries(byTopic),
      timestamp: end === 'earliest' ? EARLIEST : LATEST,
    });
    for (const place of places) {
      const offset = offsets.get(place.topic)?.[place.index];
      if (offset === undefined) throw new Error(`no offset is known of ${nameOf(place)}`);
      found.set(nameOf(place), Number(offset));
    }
    return found;
  }

  /** What it wanted to read was deleted, by age or size: it goes on with the oldest there is, on a lane of its own. */
  async function restart(partition: Partition): Promise<void> {
    const name = nameOf(partition);
    if (owned.get(name) !== partition) return;
    const mine = round;
    revoke(name, partition);
    const from = (await logOffsets([partition], 'earliest')).get(name) as number;
    if (isOver || round !== mine) return;
    log.warn(
      { endpoint, partition: name, wanted: partition.fetchFrom, found: from },
      'what was to be read next is not there any more: reading on with the oldest message there is',
    );
    own(partition, { offset: from, isCommitted: false });
    fetches.pump();
  }

  function partitionOf(lane: Lane): Partition | undefined {
    const partition = owned.get(lane.name);
    return partition?.lane === lane ? partition : undefined;
  }

  function lost(thrown: unknown): void {
    broken(refusal('connection-lost', `could not read from ${addressOf(settings)}`, thrown));
  }

  function broken(error: AraldoError): void {
    if (isOver) return;
    close();
    opened?.reject(error);
    options.onBroken(error);
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    fetches.close();
    commits.close();
    group.close();
    for (const [name, partition] of owned) revoke(name, partition);
    port.source.release(holder);
    opened?.reject(new AraldoError('connect-failed', `gave up reading from ${addressOf(settings)}`));
  }
}

function nameOf({ topic, index }: Place): string {
  return `${topic}/${index}`;
}

function indexesOf(places: readonly Place[]): Map<string, number[]> {
  const byTopic = new Map<string, number[]>();
  for (const { topic, index } of places) {
    const indexes = byTopic.get(topic) ?? [];
    byTopic.set(topic, indexes);
    indexes.push(index);
  }
  return byTopic;
}
