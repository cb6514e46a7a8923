/** One connection to Redis over ioredis, with all that ioredis does by itself to mend it switched off. */
import type * as ioredis from 'ioredis';
import { loadLibrary } from '../../src/core/client-library.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { Wire } from '../../src/core/wire.ts';
import { readTls, type TlsFiles } from '../../src/options/tls.ts';
import { type OnMessage, readMessages } from './message-reader.ts';
import type { Subscriptions } from './settings.ts';
import type { Target } from './target.ts';

export interface ConnectOptions {
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly signal: AbortSignal;
  /** Called once, when a connection that was open has ended by itself. Not after `close`. */
  readonly onLost: (error: AraldoError) => void;
  readonly onMessage: OnMessage;
}

export interface Connection {
  /** Resolves when Redis has confirmed all of it. Once, and when nothing else is unanswered. */
  subscribe(subscriptions: Subscriptions): Promise<void>;
  /** Resolves when Redis has answered; rejects with its error reply, or when the connection ends. */
  publish(channel: string, payload: Buffer): Promise<unknown>;
  /** Resolves when Redis answers, be it with an error; rejects when the connection ends. */
  ping(): Promise<void>;
  /** Keeps what is written until `uncork`, to send it in one piece. */
  cork(): void;
  uncork(): void;
  /** Ends it at once. Idempotent. */
  close(): void;
}

export type Connect = (options: ConnectOptions) => Promise<Connection>;

/** Connects and waits until Redis serves. Rejects with an `AraldoError` that says where and why. */
export async function connectRedis(options: ConnectOptions): Promise<Connection> {
  const { target, signal, onLost, onMessage } = options;
  const { Redis } = await loadLibrary('endpoint-redis', 'ioredis', () => import('ioredis'));
  const settings = settingsOf(target);
  if (target.isTls) settings.tls = await readTls(options.tls);
  signal.throwIfAborted();

  const redis = new Redis(settings);
  let reason: Error | undefined;
  let isReady = false;
  let isClosed = false;
  // Without a listener ioredis writes to the console.
  redis.on('error', (error: Error) => {
    reason ??= error;
    // It does not always hang up on an error; we do, so that there is one way to lose a connection.
    hangUp(redis);
  });
  redis.on('close', () => {
    if (!isReady || isClosed) return;
    isClosed = true;
    const why = reason === undefined ? 'it was closed by the other side' : textOf(reason);
    onLost(
      new AraldoError('connection-lost', `lost the connection to ${target.address}: ${why}`, causeOf(reason)),
    );
  });
  redis.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
    onMessage(channel.toString(), Wire.of(payload));
  });
  redis.on('pmessageBuffer', (pattern: string, channel: Buffer, payload: Buffer) => {
    onMessage(channel.toString(), Wire.of(payload), pattern);
  });
  const close = (): void => {
    isClosed = true;
    hangUp(redis);
  };

  signal.addEventListener('abort', close, { once: true });
  try {
    await redis.connect();
    await redis.ping().catch(ignoreDenied);
    signal.throwIfAborted();
  } catch (thrown) {
    close();
    signal.throwIfAborted();
    throw refusal(target, reason ?? thrown);
  } finally {
    signal.removeEventListener('abort', close);
  }
  isReady = true;

  return {
    async subscribe({ channels, patterns }) {
      readMessages(redis.stream, onMessage);
      try {
        if (channels.length > 0) await redis.subscribe(...channels);
        if (patterns.length > 0) await redis.psubscribe(...patterns);
      } catch (thrown) {
        throw refusal(target, thrown);
      }
    },
    publish: (channel, payload) => redis.publish(channel, payload),
    ping: () =>
      redis.ping().then(
        () => undefined,
        (thrown: unknown) => {
          if (!isReply(thrown)) throw thrown;
        },
      ),
    cork: () => redis.stream.cork(),
    uncork: () => redis.stream.uncork(),
    close,
  };
}

/** Whether Redis said so itself, in contrast to a connection that ended. */
export function isReply(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'ReplyError';
}

/** What an error says, without the arguments of the command: these are payloads and passwords. */
export function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // A host with several addresses fails with the failures of all of them.
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : undefined;
  if (thrown.message === '' && first !== undefined) return textOf(first);
  return thrown.message.replace(/, with args beginning with:.*/s, '');
}

/** The supervisor reconnects and the legs are the queue, so ioredis does neither. */
function settingsOf(target: Target): Omit<ioredis.RedisOptions, 'replyMapping'> {
  return {
    host: target.host,
    port: target.port,
    db: target.database,
    ...(target.username !== undefined && { username: target.username }),
    ...(target.password !== undefined && { password: target.password }),
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    // PING asks the same, and is allowed to more users than INFO.
    enableReadyCheck: false,
    // The supervisor's deadline is the one there is.
    connectTimeout: 0,
    connectionName: 'araldo',
  };
}

/** Ends a connection whatever state it is in: `disconnect` alone waits for the other side to agree. */
function hangUp(redis: ioredis.Redis): void {
  redis.disconnect();
  const { stream } = redis as { stream?: ioredis.Redis['stream'] };
  stream?.destroy();
}

/** A user may be denied PING and still be allowed what we need. */
function ignoreDenied(thrown: unknown): void {
  if (!isReply(thrown) || !thrown.message.startsWith('NOPERM')) throw thrown;
}

function refusal({ address }: Target, thrown: unknown): AraldoError {
  const text = textOf(thrown);
  const cure = /^(NOAUTH|WRONGPASS)/.test(text) ? '; check the user and the password in url' : '';
  return new AraldoError(
    'connect-failed',
    `could not connect to ${address}: ${text}${cure}`,
    causeOf(thrown),
  );
}

/** Error replies carry the arguments of their command, so they never become a cause. */
function causeOf(thrown: unknown): { readonly cause?: unknown } {
  return thrown === undefined || isReply(thrown) ? {} : { cause: thrown };
}
