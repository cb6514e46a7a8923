/** One connection to RabbitMQ over amqplib, whose ways to mend it are left off. */
import type { Socket } from 'node:net';
import type * as amqplib from 'amqplib/callback_api';
import type { SchedulerLike } from 'rxjs';
import { loadLibrary } from '../../src/core/client-library.ts';
import { deadline } from '../../src/core/deadline.ts';
import type { AraldoError } from '../../src/core/errors.ts';
import { readTls, type TlsFiles } from '../../src/options/tls.ts';
import { refusal } from './refusal.ts';
import type { Target } from './target.ts';

/** How long RabbitMQ may take to agree that we leave. */
const CLOSE_MS = 1_000;

export interface ConnectOptions {
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly isAuthExternal: boolean;
  readonly heartbeatMs: number;
  /** What people see in the list of connections of RabbitMQ. */
  readonly name: string;
  readonly scheduler: SchedulerLike;
  readonly signal: AbortSignal;
  /** Called once, when a connection or a channel of it that was open has ended by itself. Not after `close`. */
  readonly onLost: (error: AraldoError) => void;
  /** RabbitMQ takes no more of what is published (memory, disk), or takes it again. */
  readonly onBlocked?: (isBlocked: boolean) => void;
}

export interface Connection {
  channel(): Promise<amqplib.Channel>;
  /** @param onClosed asked when RabbitMQ has closed it: `true` says that the connection is to go on without it */
  confirmChannel(onClosed: (reason: Error) => boolean): Promise<amqplib.ConfirmChannel>;
  /** Asks for something on a channel; rejects with an `AraldoError` that says what was asked: `to declare queue x`. */
  ask<T>(what: string, ask: (done: (error: Error | null, answer?: T) => void) => void): Promise<T>;
  /** Keeps what is written until `uncork`, to send it in one piece. */
  cork(): void;
  uncork(): void;
  /** Ends it as RabbitMQ wants it, what was sent before included; at the latest after a second. Idempotent. */
  close(): Promise<void>;
}

/** Connects and logs in. Rejects with an `AraldoError` that says where and why. */
export async function connectAmqp(options: ConnectOptions): Promise<Connection> {
  const { target, signal, scheduler, onLost, onBlocked } = options;
  const library = await loadLibrary('endpoint-amqp', 'amqplib', () => import('amqplib/callback_api'));
  const secured = target.isTls ? await readTls(options.tls) : {};
  signal.throwIfAborted();

  // Destroys the socket in whatever state it is: amqplib itself has no way to end an attempt.
  const hangUp = new AbortController();
  const settings: amqplib.SocketOptions & { readonly signal: AbortSignal } = {
    ...secured,
    noDelay: true,
    keepAlive: true,
    signal: hangUp.signal,
    clientProperties: { connection_name: options.name },
    ...(options.isAuthExternal && { credentials: library.credentials.external() }),
  };
  const abort = (): void => hangUp.abort();
  signal.addEventListener('abort', abort, { once: true });
  let client: amqplib.Connection;
  try {
    client = await opened(library, urlOf(options), settings);
  } catch (thrown) {
    hangUp.abort();
    signal.throwIfAborted();
    throw refusal(`could not connect to ${target.address}`, thrown);
  } finally {
    signal.removeEventListener('abort', abort);
  }

  let channels: amqplib.Channel[] = [];
  let reason: Error | undefined;
  let isLost = false;
  let closing: Promise<void> | undefined;
  client.on('error', (error) => {
    reason ??= error;
  });
  client.on('close', (error) => {
    reason ??= error;
    lost();
  });
  client.on('blocked', () => onBlocked?.(true));
  client.on('unblocked', () => onBlocked?.(false));
  const socket = socketOf(client);

  return {
    channel: () => open((done) => client.createChannel(done)),
    confirmChannel: (onClosed) => open((done) => client.createConfirmChannel(done), onClosed),
    ask,
    cork: () => socket?.cork(),
    uncork: () => socket?.uncork(),
    close() {
      closing ??= close();
      return closing;
    },
  };

  async function open<C extends amqplib.Channel>(
    create: (done: (error: Error | null, channel?: C) => void) => C,
    onClosed: (reason: Error) => boolean = () => false,
  ): Promise<C> {
    return await ask<C>('to open a channel', (done) => {
      const channel = create(done);
      channels.push(channel);
      let isForgone = false;
      channel.on('error', (error) => {
        isForgone = onClosed(error);
        if (!isForgone) reason ??= error;
      });
      channel.on('close', () => {
        if (isForgone) channels = channels.filter((one) => one !== channel);
        // Of a lost connection all channels close first, and the reason comes with the connection's own end.
        else queueMicrotask(lost);
      });
    });
  }

  async function ask<T>(
    what: string,
    asked: (done: (error: Error | null, answer?: T) => void) => void,
  ): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        asked((error, answer) => {
          if (error === null) resolve(answer as T);
          else reject(error);
        });
      });
    } catch (thrown) {
      throw refusal(`${target.address} refused ${what}`, reason ?? thrown);
    }
  }

  function lost(): void {
    if (isLost || closing !== undefined) return;
    isLost = true;
    const why = reason ?? 'it was closed by the other side';
    onLost(refusal(`lost the connection to ${target.address}`, why, 'connection-lost'));
  }

  async function close(): Promise<void> {
    const patience = new Promise<void>((resolve) => {
      const timer = deadline(scheduler, CLOSE_MS, resolve);
      void leave().then(() => {
        timer.unsubscribe();
        resolve();
      });
    });
    await patience;
    hangUp.abort();
  }

  /** The channels first: what they are still to send would be overtaken by the end of the connection. */
  async function leave(): Promise<void> {
    const open = channels;
    channels = [];
    await Promise.all(open.map((channel) => ended((done) => channel.close(done))));
    await ended((done) => client.close(done));
  }
}

function opened(
  library: Pick<typeof amqplib, 'connect'>,
  url: amqplib.Options.Connect,
  settings: amqplib.SocketOptions,
): Promise<amqplib.Connection> {
  return new Promise((resolve, reject) => {
    // Called more than once for some failures: the first one counts.
    library.connect(url, settings, (error: Error | null, client) => {
      if (error === null) resolve(client);
      else reject(error);
    });
  });
}

function urlOf({ target, heartbeatMs }: ConnectOptions): amqplib.Options.Connect {
  return {
    protocol: target.isTls ? 'amqps' : 'amqp',
    hostname: target.host,
    port: target.port,
    username: target.username ?? 'guest',
    password: target.password ?? (target.username === undefined ? 'guest' : ''),
    // amqplib decodes it, as if it were a part of a URL.
    vhost: encodeURIComponent(target.vhost),
    heartbeat: Math.round(heartbeatMs / 1_000),
  };
}

/** Resolves when it is done, or cannot be done any more. */
function ended(end: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    try {
      end(resolve);
    } catch {
      // It has ended before: amqplib throws where there is nothing left to close.
      resolve();
    }
  });
}

/** The socket, which amqplib has and its types have not. Without it messages leave in more pieces, and no less. */
function socketOf(client: amqplib.Connection): Pick<Socket, 'cork' | 'uncork'> | undefined {
  const { stream } = client.connection as { readonly stream?: Partial<Socket> };
  if (typeof stream?.cork !== 'function' || typeof stream.uncork !== 'function') return undefined;
  return stream as Socket;
}
