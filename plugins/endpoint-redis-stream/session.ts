/** One time that the endpoint is open: its connections, from the first byte to the reason why they ended. */
import type { SchedulerLike } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { type Heartbeat, heartbeat } from '../../src/core/heartbeat.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { explained, isReply, type Link, openLink, refusal, textOf } from '../../src/redis/link.ts';
import { locate } from '../../src/redis/locate.ts';
import type { Target } from '../../src/redis/target.ts';
import { createWriter, type Writer } from '../../src/redis/writer.ts';
import { type Acks, createAcks } from './acks.ts';
import { findConsumer } from './consumer.ts';
import type { Field } from './entry.ts';
import { createGroup, type Entry } from './group.ts';
import { createReader, type Reader } from './reader.ts';
import type { ReadSettings, Settings } from './settings.ts';

const PLUGIN = 'endpoint-redis-stream';

/** How long acks that were sent are waited for when it ends. */
const LAST_ANSWERS_MS = 1_000;

export interface SessionOptions {
  readonly settings: Settings;
  readonly scheduler: SchedulerLike;
  /** The names of the endpoint and of this run of the server. */
  readonly endpoint: string;
  readonly instance: string;
  /** Whether anybody takes what would be read. */
  readonly isRead: () => boolean;
  readonly room: () => number;
  readonly isHeld: (id: string) => boolean;
  readonly held: () => Iterable<string>;
  /** Returns its size in bytes. */
  readonly onEntry: (entry: Entry) => number;
  readonly onWritable: () => void;
  /** Called once, when it has ended by itself. Not after `close`. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Session {
  /** Resolves when messages can flow. After a rejection, `close` it. */
  open(signal: AbortSignal): Promise<void>;
  /** There once it is open. */
  readonly writer: Writer<Field[]> | undefined;
  readonly reader: Reader | undefined;
  readonly acks: Acks | undefined;
  /** Begins to read, where `isRead` said at first that nobody would take it. */
  startReading(): void;
  /** Reads no more, and goes on writing and acking. */
  stopReading(): void;
  /** Resolves when the acks that were given are with Redis, or have had their time. */
  close(): Promise<void>;
}

/** Two connections where it reads: one that waits for entries answers nothing else meanwhile. */
export function createSession(session: SessionOptions): Session {
  const { settings, scheduler, onBroken } = session;
  const { deployment, tls, stream, reads, maxLength, pingMs, pongMs } = settings;
  const trim: readonly Field[] = maxLength === undefined ? [] : ['MAXLEN', '~', String(maxLength)];
  let target: Target = deployment.target;
  let main: Link | undefined;
  let blocking: Link | undefined;
  let beat: Heartbeat | undefined;
  let writer: Writer<Field[]> | undefined;
  let reader: Reader | undefined;
  let acks: Acks | undefined;
  let isOver = false;

  return {
    open,
    get writer() {
      return writer;
    },
    get reader() {
      return reader;
    },
    get acks() {
      return acks;
    },
    startReading: () => reader?.start(),
    stopReading,
    close,
  };

  async function open(signal: AbortSignal): Promise<void> {
    target = await locate({ plugin: PLUGIN, deployment, key: stream, tls, scheduler, signal });
    const link = await connect(signal);
    main = link;
    beat = heartbeat({
      scheduler,
      everyMs: pingMs,
      withinMs: pongMs,
      ping: () => void link.ping().then(() => beat?.heard(), ignore),
      dead: () => {
        const text = `${target.address} did not answer a PING within ${formatDuration(pongMs)}`;
        broken(new AraldoError('connection-lost', text));
      },
    });
    await expectStream(link);
    if (reads !== undefined) await openReader(link, reads, signal);
    writer = createWriter<Field[]>({
      link,
      send: (fields) => link.send('XADD', [stream, ...trim, '*', ...fields]),
      place: stream,
      ownFault: /^ERR\b/,
      scheduler,
      onWritable: session.onWritable,
      onUnavailable: broken,
    });
  }

  async function openReader(link: Link, { group: name, ...more }: ReadSettings, signal: AbortSignal) {
    await makeGroup(link, name, more.start);
    const consumer =
      more.consumer ?? (await findConsumer({ link, stream, group: name, ...session }).catch(refuse));
    blocking = await connect(signal);
    const group = createGroup({ link, blocking, stream, group: name, consumer });
    acks = createAcks(group.ack, failed, scheduler);
    reader = createReader({
      ...session,
      group,
      claimAfterMs: more.claimAfterMs,
      pingMs,
      pongMs,
      onFailed: failed,
    });
    if (session.isRead()) reader.start();
  }

  async function connect(signal: AbortSignal): Promise<Link> {
    const link = await openLink({ plugin: PLUGIN, target, tls, signal, onLost: broken });
    if (!isOver) return link;
    link.close();
    throw new AraldoError('connect-failed', `gave up connecting to ${target.address}`);
  }

  /** Any other kind of key would refuse each message, as if it were the message's fault. */
  async function expectStream({ redis }: Link): Promise<void> {
    const type = await redis.type(stream).catch((thrown: unknown) => {
      if (isReply(thrown) && thrown.message.startsWith('NOPERM')) return 'stream';
      return refuse(thrown);
    });
    if (type === 'stream' || type === 'none') return;
    throw new AraldoError(
      'connect-failed',
      `expected a stream under the key ${stream} of ${target.address}, found a ${type}; check stream`,
    );
  }

  async function makeGroup({ redis }: Link, group: string, start: string): Promise<void> {
    try {
      await redis.call('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM');
    } catch (thrown) {
      const text = textOf(thrown);
      if (text.startsWith('BUSYGROUP')) return;
      // A user may not make groups and still read one that is there.
      if (!text.startsWith('NOPERM')) refuse(thrown);
      await redis.call('XPENDING', stream, group).catch((missing: unknown) => {
        refuse(textOf(missing).startsWith('NOGROUP') ? thrown : missing);
      });
    }
  }

  function refuse(thrown: unknown): never {
    throw refusal(target, thrown);
  }

  /** A connection that has ended tells the reason itself, within the turn. */
  function failed(thrown: unknown): void {
    if (thrown instanceof AraldoError) return broken(thrown);
    const error = new AraldoError('connection-lost', `${target.address}: ${lostWith(thrown)}`);
    if (isReply(thrown)) broken(error);
    else scheduler.schedule(() => broken(error));
  }

  function lostWith(thrown: unknown): string {
    const text = explained(thrown);
    if (!/^(NOGROUP|UNBLOCKED)/.test(text)) return text;
    return `the stream ${stream} or its group ${reads?.group ?? ''} is gone; both are made anew (${text})`;
  }

  function broken(error: AraldoError): void {
    if (isOver) return;
    hangUp();
    onBroken(error);
  }

  function stopReading(): void {
    reader?.stop();
    blocking?.close();
  }

  async function close(): Promise<void> {
    stopReading();
    if (!isOver && acks !== undefined) await answered(acks);
    hangUp();
  }

  function answered(given: Acks): Promise<void> {
    return new Promise((resolve) => {
      const patience = deadline(scheduler, LAST_ANSWERS_MS, resolve);
      void given.settled().then(() => {
        patience.unsubscribe();
        resolve();
      });
    });
  }

  function hangUp(): void {
    isOver = true;
    stopReading();
    beat?.stop();
    main?.close();
  }
}

/** That the connection ended while Redis was asked is told by `onLost`. */
function ignore(): void {}
