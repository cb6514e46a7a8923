/** One connection to Redis over ioredis, with all that ioredis does by itself to mend it switched off. */
import type * as ioredis from 'ioredis';
import { loadLibrary } from '../core/client-library.ts';
import { AraldoError } from '../core/errors.ts';
import { readTls, type TlsFiles } from '../options/tls.ts';
import { tlsProblem } from '../options/tls-problem.ts';
import { frameOf } from './frame.ts';
import type { Target } from './target.ts';

export interface LinkOptions {
  /** The id of the plugin, for the sentence about a library that is not there. */
  readonly plugin: string;
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly signal: AbortSignal;
  /** Called once, when a connection that was open has ended by itself. Not after `close`. */
  readonly onLost: (error: AraldoError) => void;
}

export interface Link {
  /** For commands; nobody else ends it. */
  readonly redis: ioredis.Redis;
  /** One command of many: cheaper than a method of `redis`. Rejects as that does; its answer is text in bytes. */
  readonly send: (command: string, words: (string | Buffer)[]) => Promise<unknown>;
  /** Resolves when Redis answers, be it with an error; rejects when the connection ends. */
  readonly ping: () => Promise<void>;
  /** Keeps what is written until `uncork`, to send it in one piece. */
  readonly cork: () => void;
  readonly uncork: () => void;
  /** Ends it at once. Idempotent. */
  readonly close: () => void;
}

/** Connects and waits until Redis serves. Rejects with an `AraldoError` that says where and why. */
export async function openLink({ plugin, target, tls, signal, onLost }: LinkOptions): Promise<Link> {
  const { Redis, Command } = await loadLibrary(plugin, 'ioredis', () => import('ioredis'));
  const settings = settingsOf(target);
  if (target.isTls) settings.tls = await readTls(tls);
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
    redis,
    send(name, words) {
      const command = new Command(name, words);
      command.toWritable = () => frameOf(name, words);
      redis.sendCommand(command);
      return command.promise;
    },
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

/** The same with what to do about it. */
export function explained(thrown: unknown): string {
  const text = tlsProblem(thrown) ?? textOf(thrown);
  if (/^(NOAUTH|WRONGPASS)/.test(text)) return `${text}; check the user and the password in url`;
  if (!text.startsWith('NOPERM')) return text;
  return `${text}; give that right to the user of url by ACL SETUSER`;
}

/** What went wrong while connecting, or while Redis was asked for what opening needs. */
export function refusal({ address }: Pick<Target, 'address'>, thrown: unknown): AraldoError {
  // Who wants a certificate may hang up before its reason for that can be read.
  const isCut = /\b(ECONNRESET|EPIPE)\b|Connection is closed/.test(textOf(thrown));
  const cure =
    isCut && address.startsWith('rediss:')
      ? '; where the other side asks for a certificate, see tls.cert and tls.key'
      : '';
  return new AraldoError(
    'connect-failed',
    `could not connect to ${address}: ${explained(thrown)}${cure}`,
    causeOf(thrown),
  );
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

/** Error replies carry the arguments of their command, so they never become a cause. */
function causeOf(thrown: unknown): { readonly cause?: unknown } {
  return thrown === undefined || isReply(thrown) ? {} : { cause: thrown };
}
