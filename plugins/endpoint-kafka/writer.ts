/** Writes to one topic: many messages in a request, one request at a time to each broker, each partition in its order. */
import type * as kafka from '@platformatic/kafka';
import type { SchedulerLike, Subscription } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Client } from './client.ts';
import { partitionOf } from './murmur2.ts';
import { createOutgoing, type Outgoing, type Waiting } from './outgoing.ts';
import { createProduce, type PartitionAnswer, type Produce } from './produce.ts';
import { recordOf } from './record.ts';
import { protocolErrorsOf, refusal } from './refusal.ts';
import { addressOf, type Settings } from './settings.ts';

/** What may be unconfirmed. */
const MOST_MESSAGES = 8_192;
const MOST_BYTES = 16 * 1024 * 1024;

/** What one request may hold of all partitions. */
const MOST_BYTES_OF_REQUEST = 4 * 1024 * 1024;

/** Answers for which the message is to blame, or all of its batch, which is then sent again one by one. */
const itsOwnFault = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'CORRUPT_MESSAGE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/** Answers of a broker that has taken nothing: the partition is led by another, or not yet by anyone. */
const isElsewhere = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_ENOUGH_REPLICAS',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);

/** Answers of a broker that has just started: it has no numbers for idempotent producers yet, and will in a moment. */
const isLoading = new Set(['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']);

/** So often in a row it asks who leads it now, with growing pauses, before the connection counts as broken. */
const MOST_MOVES = 8;
const LEAST_PAUSE_MS = 25;

export interface WriterOptions {
  readonly client: Client;
  readonly base: kafka.Base;
  readonly topic: string;
  readonly settings: Settings;
  readonly scheduler: SchedulerLike;
  /** It takes messages again. */
  readonly onWritable: () => void;
  /** Once. What is unconfirmed then is sent again by its legs. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Writer {
  readonly isWritable: boolean;
  /** Throws where the message cannot be written at all. */
  write(message: Message, ticket: number, sender: Sender): void;
  /** Resolves when all is answered, or the connection is lost. */
  settled(): Promise<void>;
  close(): void;
}

export function createWriter(options: WriterOptions): Writer {
  const { base, topic, settings, scheduler, onWritable, onBroken } = options;
  const produce: Produce = createProduce(options);
  /** By partition: what waits and what is on its way. */
  const outgoing: Outgoing[] = [];
  /** Brokers that we wait for an answer of. */
  const asked = new Set<number>();
  /** Where messages without a key go: all of a batch to one partition, each batch to the next. */
  let keyless = 0;
  let count = 0;
  let bytes = 0;
  let isFull = false;
  let isOver = false;
  let timer: Subscription | undefined;
  let isLooking = false;
  let moves = 0;
  /** As many as there are callers of `settled` that wait: a drain and a close at most. */
  let waiting: (() => void)[] = [];

  return {
    get isWritable() {
      return !isFull && !isOver;
    },
    write(message, ticket, sender) {
      const record = recordOf(message, scheduler.now());
      const partitions = base.currentMetadata?.topics.get(topic)?.partitionsCount ?? 1;
      const index = record.key === undefined ? keyless % partitions : partitionOf(record.key, partitions);
      (outgoing[index] ??= createOutgoing(index)).push({ record, ticket, sender });
      count += 1;
      bytes += record.size;
      if (count >= MOST_MESSAGES || bytes >= MOST_BYTES) isFull = true;
      timer ??= scheduler.schedule(pump, isFull ? 0 : settings.lingerMs);
    },
    settled() {
      if (count === 0 || isOver) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
    close: end,
  };

  function pump(): void {
    timer = undefined;
    if (isOver || isLooking || count === 0) return;
    isLooking = true;
    look().catch(failed);
  }

  /** Sends to every broker that is not asked yet what waits for it. */
  async function look(): Promise<void> {
    let metadata: kafka.ClusterMetadata;
    try {
      metadata = await base.metadata({ topics: [topic] });
      if (!(await isReady())) return goOn();
    } finally {
      isLooking = false;
    }
    if (isOver) return;
    keyless += 1;
    const leaders = metadata.topics.get(topic)?.partitions ?? [];
    const byLeader = new Map<number, Outgoing[]>();
    for (const one of outgoing) {
      if (one === undefined || one.length === 0) continue;
      const leader = leaders[one.partition]?.leader ?? -1;
      const ofLeader = byLeader.get(leader) ?? [];
      byLeader.set(leader, ofLeader);
      ofLeader.push(one);
    }
    for (const [leader, ofLeader] of byLeader) {
      if (asked.has(leader)) continue;
      const broker = metadata.brokers.get(leader);
      if (broker === undefined)
        throw new AraldoError('connection-lost', `${topic} has a partition without a leader`);
      asked.add(leader);
      send(leader, broker, ofLeader).then(goOn, failed);
    }
  }

  /** Whether it may send; where the broker is still loading, it asks again after a pause, as for a leader. */
  async function isReady(): Promise<boolean> {
    try {
      await produce.ready();
      return true;
    } catch (thrown) {
      const isEarly = protocolErrorsOf(thrown).some((name) => isLoading.has(name));
      if (!isEarly || moves === MOST_MOVES) throw thrown;
      moves += 1;
      return false;
    }
  }

  async function send(leader: number, broker: kafka.Broker, ofLeader: readonly Outgoing[]): Promise<void> {
    let room = MOST_BYTES_OF_REQUEST;
    const batches = new Map<number, readonly Waiting[]>();
    // Not always the same first, or a busy one would starve the others of a full request.
    for (let place = 0; place < ofLeader.length && room > 0; place += 1) {
      const one = ofLeader[(place + keyless) % ofLeader.length] as Outgoing;
      const batch = one.next(room);
      for (const { record } of batch) room -= record.size;
      if (batch.length > 0) batches.set(one.partition, batch);
    }
    let answers: readonly PartitionAnswer[];
    try {
      answers = await produce.send(broker, batches);
    } finally {
      asked.delete(leader);
    }
    if (isOver) return;
    // The good ones first: what the broker has must not be sent again for what it has not.
    const bad = answers.filter((answer) => {
      if (answer.error === undefined) answered(answer, batches.get(answer.partition) ?? []);
      return answer.error !== undefined;
    });
    for (const answer of bad) answered(answer, batches.get(answer.partition) ?? []);
    if (bad.length === 0) moves = 0;
  }

  /** Sends what came meanwhile, at once or after a pause. */
  function goOn(): void {
    if (isOver) return;
    if (moves === 0) return pump();
    timer ??= scheduler.schedule(pump, LEAST_PAUSE_MS * 2 ** moves);
  }

  /** It stays where it waits, and is sent to whoever leads the partition then. */
  function moved(partition: number, error: string): void {
    moves += 1;
    if (moves > MOST_MOVES) {
      throw new AraldoError(
        'connection-lost',
        `${place(partition)} has no broker that takes messages: ${error}`,
      );
    }
    base.clearMetadata();
  }

  function answered({ partition, error, text }: PartitionAnswer, batch: readonly Waiting[]): void {
    const one = outgoing[partition] as Outgoing;
    if (error === undefined) {
      produce.accepted(partition, batch.length);
      one.drop(batch.length);
      for (const { ticket, sender } of batch) sender.confirm(ticket);
    } else if (isElsewhere.has(error)) {
      moved(partition, error);
      return;
    } else if (!itsOwnFault.has(error)) {
      throw new AraldoError(
        'connection-lost',
        `${place(partition)} does not take messages now: ${error} (${text})`,
      );
    } else if (batch.length > 1) {
      one.single(batch.length);
      return;
    } else {
      one.drop(1);
      const refused = new AraldoError(
        'sink-rejected',
        `${place(partition)} refused a message: ${error} (${text})`,
      );
      for (const { ticket, sender } of batch) sender.fail(ticket, refused);
    }
    count -= batch.length;
    for (const { record } of batch) bytes -= record.size;
    if (count === 0) release();
    // Half empty before it takes more, or each answer would let a single message in.
    if (!isFull || count > MOST_MESSAGES / 2 || bytes > MOST_BYTES / 2) return;
    isFull = false;
    onWritable();
  }

  function failed(thrown: unknown): void {
    if (isOver) return;
    end();
    onBroken(refusal('connection-lost', `could not write to ${topic} of ${addressOf(settings)}`, thrown));
  }

  function end(): void {
    isOver = true;
    timer?.unsubscribe();
    release();
  }

  function release(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }

  function place(partition: number): string {
    return `${topic}/${partition} of ${addressOf(settings)}`;
  }
}
