/** What must be there before messages can flow: the stream, and the consumer. Made where the options say so. */
import type * as jetstream from '@nats-io/jetstream';
import type { ConsumerConfig, ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import { loadLibrary } from '../../src/core/client-library.ts';
import { AraldoError } from '../../src/core/errors.ts';
import type { Link } from '../../src/nats/connection.ts';
import type { CreateSettings, Settings } from './settings.ts';

/** What a consumer is on the server, whoever made it. */
export interface ConsumerFacts {
  /** When it was made, in milliseconds since 1970: another one of the same name begins anew. */
  readonly madeAtMs: number;
  readonly ackWaitMs: number;
  /** How often it delivers a message at most; unlimited where it is `undefined`. */
  readonly maxDeliver: number | undefined;
}

export interface Provision {
  /** There where it is a source. */
  readonly consumer: ConsumerFacts | undefined;
  /** The stream that takes a subject; `undefined` when none does. Rejects when nobody answers. */
  streamOf(subject: string): Promise<string | undefined>;
}

type Library = typeof jetstream;

/** How long a request to JetStream may take. */
const ANSWER_MS = 5_000;

const NANOS = 1_000_000;

/** Rejects with one `AraldoError` that names the option which does not fit. */
export async function provision(link: Link, settings: Settings): Promise<Provision> {
  const library = await loadLibrary(
    'endpoint-jetstream',
    '@nats-io/jetstream',
    () => import('@nats-io/jetstream'),
  );
  const { stream, durable, domain, create, isFixed, addresses } = settings;
  try {
    const manager = await library.jetstreamManager(link.nats, {
      checkAPI: false,
      timeout: ANSWER_MS,
      ...(domain !== undefined && { domain }),
    });
    if (stream !== undefined && create !== undefined) await ensureStream(library, manager, stream, create);
    const info =
      stream === undefined || durable === undefined
        ? undefined
        : await ensureConsumer(library, manager, stream, durable, settings);
    const streamOf = (subject: string): Promise<string | undefined> => findStream(library, manager, subject);
    const [subject] = addresses;
    if (isFixed && subject !== undefined) await checkSubject(link, subject, stream, streamOf);
    return { consumer: info === undefined ? undefined : factsOf(info, link, settings), streamOf };
  } catch (thrown) {
    throw refusalOf(library, link, settings, thrown);
  }
}

async function ensureStream(
  library: Library,
  manager: JetStreamManager,
  name: string,
  create: CreateSettings,
): Promise<void> {
  try {
    await manager.streams.info(name);
  } catch (thrown) {
    if (!isCode(library, thrown, library.JetStreamApiCodes.StreamNotFound)) throw thrown;
    const { subjects, storage, retention, replicas, maxAgeMs, maxBytes, maxMessages, duplicateWindowMs } =
      create;
    // A stream that does not keep anything as long as it remembers ids is refused.
    const windowMs = Math.min(duplicateWindowMs, maxAgeMs ?? duplicateWindowMs);
    await manager.streams.add({
      name,
      subjects: [...subjects],
      storage,
      retention,
      num_replicas: replicas,
      duplicate_window: windowMs * NANOS,
      ...(maxAgeMs !== undefined && { max_age: maxAgeMs * NANOS }),
      ...(maxBytes !== undefined && { max_bytes: maxBytes }),
      ...(maxMessages !== undefined && { max_msgs: maxMessages }),
    });
  }
}

async function ensureConsumer(
  library: Library,
  manager: JetStreamManager,
  stream: string,
  durable: string,
  { filter, deliver, ackWaitMs }: Settings,
): Promise<ConsumerInfo> {
  try {
    return await manager.consumers.info(stream, durable);
  } catch (thrown) {
    if (!isCode(library, thrown, library.JetStreamApiCodes.ConsumerNotFound)) throw thrown;
    const [only] = filter;
    const filters: Partial<ConsumerConfig> =
      filter.length > 1
        ? { filter_subjects: [...filter] }
        : only === undefined
          ? {}
          : { filter_subject: only };
    return await manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: 'explicit',
      deliver_policy: deliver,
      replay_policy: 'instant',
      ack_wait: ackWaitMs * NANOS,
      // What we ask for bounds it. A bound of the server's would be used up by what a lost instance held, and all
      // would stand still until ack-wait is over.
      max_ack_pending: -1,
      // We count deliveries, and give up with `on-error`; a server that gave up would lose the message.
      max_deliver: -1,
      ...filters,
    });
  }
}

/** What an existing consumer is; throws where we cannot read through it, or it reads other things than are stated. */
function factsOf(
  { config, stream_name, name, created }: ConsumerInfo,
  { address }: Link,
  settings: Settings,
): ConsumerFacts {
  const problem = (found: string, expected: string): AraldoError =>
    new AraldoError(
      'connect-failed',
      `${address}: the consumer ${name} of the stream ${stream_name} ${found}; ${expected}, or name another as durable`,
    );
  if (config.deliver_subject !== undefined && config.deliver_subject !== '')
    throw problem('pushes what it delivers', 'expected one that is pulled from');
  if (config.ack_policy !== 'explicit')
    throw problem(`has the ack policy ${config.ack_policy}`, 'expected explicit');
  const filters =
    config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject]);
  const { filter } = settings;
  if (
    filter.length > 0 &&
    (filter.length !== filters.length || !filter.every((one) => filters.includes(one)))
  ) {
    const found = filters.length === 0 ? 'all subjects' : filters.join(', ');
    throw problem(`reads ${found}`, `filter states ${filter.join(', ')}: delete the consumer`);
  }
  const { ack_wait: wait = 30_000 * NANOS, max_deliver: most = -1 } = config;
  return {
    madeAtMs: Date.parse(created),
    ackWaitMs: Math.round(wait / NANOS),
    maxDeliver: most > 0 ? most : undefined,
  };
}

/** A fixed subject that no stream takes would be published into nothing. */
async function checkSubject(
  { address }: Link,
  subject: string,
  expected: string | undefined,
  streamOf: (subject: string) => Promise<string | undefined>,
): Promise<void> {
  const found = await streamOf(subject);
  if (found === undefined) {
    const cure = 'add it to the subjects of one, or state stream and create';
    throw new AraldoError(
      'connect-failed',
      `${address} has no stream that takes the subject ${subject}: ${cure}`,
    );
  }
  if (expected === undefined || found === expected) return;
  const text = `${address}: the subject ${subject} belongs to the stream ${found}, not to ${expected}`;
  throw new AraldoError('connect-failed', `${text}; check stream and publish`);
}

async function findStream(
  library: Library,
  manager: JetStreamManager,
  subject: string,
): Promise<string | undefined> {
  try {
    return await manager.streams.find(subject);
  } catch (thrown) {
    if (isCode(library, thrown, library.JetStreamApiCodes.StreamNotFound)) return undefined;
    throw thrown;
  }
}

function isCode(library: Library, thrown: unknown, code: number): boolean {
  return thrown instanceof library.JetStreamApiError && thrown.code === code;
}

function refusalOf(library: Library, { address }: Link, { stream }: Settings, thrown: unknown): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (isCode(library, thrown, library.JetStreamApiCodes.StreamNotFound)) {
    const cure = 'make it, or state create: { subjects: […] }';
    return new AraldoError('connect-failed', `${address} has no stream ${stream ?? ''}: ${cure}`, {
      cause: thrown,
    });
  }
  return new AraldoError('connect-failed', `JetStream of ${address} did not serve: ${text}`, {
    cause: thrown,
  });
}
