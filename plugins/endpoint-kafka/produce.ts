/** One request that gives a broker batches of records, and what it answers for each partition. */
import type * as kafka from '@platformatic/kafka';
import type { Client } from './client.ts';
import type { Waiting } from './outgoing.ts';
import { protocolErrorsOf, responseOf, textOf, within } from './refusal.ts';
import type { Settings } from './settings.ts';

export interface PartitionAnswer {
  readonly partition: number;
  /** The protocol's name of what went wrong: `MESSAGE_TOO_LARGE`; absent where the broker has it. */
  readonly error?: string;
  readonly text?: string;
}

export interface ProduceOptions {
  readonly client: Client;
  readonly base: kafka.Base;
  readonly topic: string;
  readonly settings: Settings;
}

export interface Produce {
  /** Resolves when it may send: an idempotent producer needs a number from the broker first. */
  ready(): Promise<void>;
  /** Rejects when there is no answer, or one that says nothing of partitions. */
  send(
    broker: kafka.Broker,
    batches: ReadonlyMap<number, readonly Waiting[]>,
  ): Promise<readonly PartitionAnswer[]>;
  /** The broker has so many more messages of a partition. */
  accepted(partition: number, count: number): void;
}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** What the broker has already, from a request whose answer was lost. */
const DUPLICATE = 'DUPLICATE_SEQUENCE_NUMBER';

/** Sequence numbers are 31 bits, and begin again at 0. */
const SEQUENCE_BITS = 0x7fffffff;

/**
 * By the API beneath `Producer.send`, which tells one error for all partitions of a request, and for idempotent
 * producers retries without end. The sequence numbers are counted here: they rise with what was accepted, so a batch
 * that was refused leaves no gap.
 */
export function createProduce(options: ProduceOptions): Produce {
  const { client, base, topic, settings } = options;
  const { library } = client;
  const sequences = new Map<number, number>();
  let identity: Identity | undefined;

  return {
    async ready() {
      if (settings.isIdempotent) identity ??= await identify();
    },
    async send(broker, batches) {
      const messages: kafka.MessageRecord[] = [];
      const numbers = new library.NumericMap();
      for (const [partition, batch] of batches) {
        numbers.set(`${topic}:${partition}`, sequences.get(partition) ?? 0);
        for (const { record } of batch) {
          const { key, value, headers, timestamp } = record;
          messages.push({
            key,
            value,
            headers,
            timestamp,
            topic,
            partition,
          } as unknown as kafka.MessageRecord);
        }
      }
      const { acks, compression } = settings;
      const batching = { compression, ...(identity !== undefined && { ...identity, sequences: numbers }) };
      const connection = await connectionTo(broker);
      const api = await apiOf<ProduceApi>('Produce');
      const { timeout = 0 } = client.options;
      try {
        await answerOf((callback) =>
          api(connection, acks === 'all' ? -1 : 1, timeout, messages, batching, callback),
        );
      } catch (thrown) {
        return answersIn(thrown, [...batches.keys()]);
      }
      return [...batches.keys()].map((partition) => ({ partition }));
    },
    accepted(partition, count) {
      sequences.set(partition, ((sequences.get(partition) ?? 0) + count) & SEQUENCE_BITS);
    },
  };

  async function identify(): Promise<Identity> {
    const { brokers } = await base.metadata({ topics: [topic] });
    // Any broker gives them out.
    const broker = brokers.values().next().value;
    if (broker === undefined) throw new Error('no broker is known');
    const connection = await connectionTo(broker);
    const api = await apiOf<IdentifyApi>('InitProducerId');
    return answerOf<Identity>((callback) => api(connection, null, 0, -1n, -1, callback));
  }

  /** The good and the bad of an answer in which something was wrong. */
  function answersIn(thrown: unknown, partitions: readonly number[]): readonly PartitionAnswer[] {
    const { responses } = (responseOf(thrown) ?? {}) as Partial<kafka.produceV11.ProduceResponse>;
    if (responses === undefined) throw thrown;
    const codes = new Map<number, number>();
    for (const { partitionResponses } of responses)
      for (const { index, errorCode } of partitionResponses) codes.set(index, errorCode);
    return partitions.map((partition) => {
      const code = codes.get(partition);
      if (code === undefined) throw thrown;
      if (code === 0) return { partition };
      const { error, text } = named(thrown, code);
      return error === DUPLICATE ? { partition } : { partition, error, text };
    });
  }

  function named(thrown: unknown, code: number): { error: string; text: string } {
    for (const error of within(thrown)) {
      const { apiId, apiCode } = error as { apiId?: unknown; apiCode?: unknown };
      if (apiCode === code && typeof apiId === 'string') return { error: apiId, text: error.message };
    }
    return { error: protocolErrorsOf(thrown)[0] ?? `error ${code}`, text: textOf(thrown) };
  }

  function connectionTo(broker: kafka.Broker): Promise<kafka.Connection> {
    return base.connections.get(broker);
  }

  function apiOf<T>(name: string): Promise<T> {
    return new Promise((resolve, reject) => {
      base[library.kGetApi](name, (error, api) => {
        if (error) reject(error);
        else resolve(api as unknown as T);
      });
    });
  }
}

type ProduceApi = (
  connection: kafka.Connection,
  acks: number,
  timeoutMs: number,
  messages: readonly kafka.MessageRecord[],
  options: object,
  callback: Callback<unknown>,
) => void;

type IdentifyApi = (
  connection: kafka.Connection,
  transactionalId: null,
  timeoutMs: number,
  producerId: bigint,
  producerEpoch: number,
  callback: Callback<Identity>,
) => void;

type Callback<T> = (error: Error | null, answer?: T) => void;

function answerOf<T>(ask: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    ask((error, answer) => {
      if (error) reject(error);
      else resolve(answer as T);
    });
  });
}
