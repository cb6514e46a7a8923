/**
 * One request for messages, and what the broker answers. By the API beneath `Consumer.fetch`: that one decompresses and
 * takes apart all of an answer as it arrives, without a bound.
 */
import type * as kafka from '@platformatic/kafka';
import { type AbortedTransaction, markAborted } from './aborted.ts';
import { type Batch, readBatches } from './batch.ts';
import type { Library } from './client.ts';

export interface FetchedPartition {
  readonly index: number;
  /** The protocol's number of what went wrong; 0 for nothing. */
  readonly errorCode: number;
  readonly batches: readonly Batch[];
}

export interface FetchedTopic {
  /** Its id; its name where the broker knows no ids yet. */
  readonly topic: string;
  readonly partitions: readonly FetchedPartition[];
}

export interface Fetched {
  readonly responses: readonly FetchedTopic[];
}

export interface FetchOptions {
  readonly library: Library;
  readonly consumer: kafka.Consumer;
  readonly connection: kafka.Connection;
  readonly waitMs: number;
  readonly maxBytes: number;
  /** 1: without what is in open or aborted transactions. */
  readonly isolation: number;
  /** With ids. */
  readonly topics: readonly kafka.fetchV17.FetchRequestTopic[];
  readonly nameOf: (id: string) => string;
}

/** From this version on topics have ids, and fields have compact forms one version before. */
const HAS_IDS = 13;
const IS_COMPACT = 12;
const HAS_REPLICA = 11;
const HAS_SESSION = 7;
const HAS_LOG_START = 5;

/** No session: each request says all that it wants. */
const NO_SESSION = -1;

type Api = ((connection: unknown, ...rest: readonly unknown[]) => void) & { readonly version: number };
type Send = (
  key: number,
  version: number,
  request: unknown,
  parse: unknown,
  ...rest: readonly unknown[]
) => void;
type Callback = (error: Error | null, fetched?: Fetched) => void;

/** Rejects with the error of the client library, whose `response` is a `Fetched` where the broker answered. */
export async function fetchFrom(options: FetchOptions): Promise<Fetched> {
  const { library, consumer, connection, waitMs, maxBytes, isolation, topics, nameOf } = options;
  const api = await new Promise<Api>((resolve, reject) => {
    consumer[library.kGetApi]('Fetch', (error, found) => {
      if (error) reject(error);
      else resolve(found as unknown as Api);
    });
  });
  const wanted =
    api.version >= HAS_IDS ? topics : topics.map((topic) => ({ ...topic, topicId: nameOf(topic.topicId) }));
  // The request is the library's, of any version; the answer is read by us.
  const send: Send = (key, version, request, _parse, ...rest) => {
    const parse = (_id: number, _key: number, _version: number, reader: kafka.Reader): Fetched =>
      read(library, version, reader);
    (connection.send as unknown as Send).call(connection, key, version, request, parse, ...rest);
  };
  return await new Promise((resolve, reject) => {
    const done: Callback = (error, fetched) => {
      if (error) reject(error);
      else resolve(fetched as Fetched);
    };
    api({ send }, waitMs, 1, maxBytes, isolation, 0, NO_SESSION, wanted, [], '', done);
  });
}

/** All of it is bounded by the size of the answer, which `maxBytes` bounds, but for a first batch that is larger alone. */
function read(library: Library, version: number, reader: kafka.Reader): Fetched {
  const isCompact = version >= IS_COMPACT;
  const errors: [string, [number, null]][] = [];
  reader.readInt32();
  if (version >= HAS_SESSION) {
    const errorCode = reader.readInt16();
    if (errorCode !== 0) errors.push(['', [errorCode, null]]);
    reader.readInt32();
  }
  const responses = reader.readArray(
    (_reader, place): FetchedTopic => ({
      topic: version >= HAS_IDS ? reader.readUUID() : reader.readString(isCompact),
      partitions: reader.readArray(
        (_inner, inner) => {
          const partition = readPartition(library, reader, version);
          const { errorCode } = partition;
          if (errorCode !== 0) errors.push([`/responses/${place}/partitions/${inner}`, [errorCode, null]]);
          return partition;
        },
        isCompact,
        isCompact,
      ),
    }),
    isCompact,
    isCompact,
  );
  const fetched: Fetched = { responses };
  if (errors.length === 0) return fetched;
  throw new library.ResponseError(1, version, Object.fromEntries(errors), fetched);
}

function readPartition(library: Library, reader: kafka.Reader, version: number): FetchedPartition {
  const isCompact = version >= IS_COMPACT;
  const index = reader.readInt32();
  const errorCode = reader.readInt16();
  reader.readInt64();
  reader.readInt64();
  if (version >= HAS_LOG_START) reader.readInt64();
  // None at all unless what is committed alone was asked for.
  const aborted = reader.readArray(
    (): AbortedTransaction => ({ producerId: reader.readInt64(), firstOffset: Number(reader.readInt64()) }),
    isCompact,
    isCompact,
  );
  if (version >= HAS_REPLICA) reader.readInt32();
  const size = isCompact ? reader.readUnsignedVarInt() - 1 : reader.readInt32();
  if (size <= 0) return { index, errorCode, batches: [] };
  const bytes = reader.buffer.slice(reader.position, reader.position + size);
  reader.skip(size);
  return { index, errorCode, batches: markAborted(library, readBatches(bytes), aborted) };
}
