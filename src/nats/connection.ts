/** One connection to NATS, with all that its library does by itself to mend it switched off. */
import type * as transport from '@nats-io/transport-node';
import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import type { SchedulerLike } from 'rxjs';
import { loadLibrary } from '../core/client-library.ts';
import { AraldoError } from '../core/errors.ts';
import { type Heartbeat, heartbeat } from '../core/heartbeat.ts';
import { formatDuration, LONGEST_TIMER_MS } from '../options/duration.ts';
import { readTls } from '../options/tls.ts';
import { tlsProblem } from '../options/tls-problem.ts';
import { authenticatorOf, cureOf } from './credentials.ts';
import type { ConnectionSettings } from './options.ts';
import { type Sockets, watchSockets } from './sockets.ts';
import type { Server } from './target.ts';

export type NatsLibrary = typeof transport;

export interface ConnectOptions {
  /** The id of the plugin, for the sentence about a library that is missing. */
  readonly plugin: string;
  readonly settings: ConnectionSettings;
  readonly scheduler: SchedulerLike;
  readonly signal: AbortSignal;
  /** Called once, when a connection that was open has ended by itself. Not after `close`. */
  readonly onLost: (error: AraldoError) => void;
  /** The server said no to what we sent on a subject: within the turn in which that arrives. */
  readonly onDenied?: (subject: string, text: string) => void;
}

export interface Link {
  readonly nats: NatsConnection;
  readonly library: NatsLibrary;
  /** Of the server: `nats://host:port`. */
  readonly address: string;
  /** A message arrived: a sign of life, as the answer to a PING is. */
  heard(): void;
  /** Ends it at once. Idempotent. */
  close(): void;
}

export type Connect = (options: ConnectOptions) => Promise<Link>;

/** A server that accepts and says nothing gets a part of the time to open, so that another has a chance. */
const PATIENCE_MS = 9_000;
const LEAST_PATIENCE_MS = 1_000;

/**
 * Connects to the first server that takes us, in any order. Rejects with an `AraldoError` that says where and why, of
 * the last one.
 */
export async function connectNats(options: ConnectOptions): Promise<Link> {
  const { plugin, settings, signal } = options;
  const library = await loadLibrary(
    plugin,
    '@nats-io/transport-node',
    () => import('@nats-io/transport-node'),
  );
  const servers = shuffled(settings.servers);
  const patience = Math.max(LEAST_PATIENCE_MS, PATIENCE_MS / servers.length);
  let refused: unknown;
  for (const server of servers) {
    try {
      const nats = await watchSockets((sockets) => dial(library, server, options, patience, sockets));
      return linkOf(library, nats, server, options);
    } catch (thrown) {
      signal.throwIfAborted();
      refused = refusalOf(server, settings, thrown);
    }
  }
  throw refused;
}

async function dial(
  library: NatsLibrary,
  server: Server,
  { settings, signal }: ConnectOptions,
  timeout: number,
  sockets: Sockets,
): Promise<NatsConnection> {
  const { credentials, tls } = settings;
  const wantsTls = server.isTls || Object.keys(tls).length > 0;
  const [authenticator, secured] = await Promise.all([
    authenticatorOf(library, credentials, server),
    readTls(tls),
  ]);
  signal.throwIfAborted();
  const giveUp = (): void => sockets.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const nats = await library.connect({
      servers: [`${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`],
      name: 'araldo',
      timeout,
      ...(authenticator !== undefined && { authenticator }),
      // Without the host it would expect the certificate of `localhost` wherever an address is given.
      ...(wantsTls && { tls: { host: server.host, ...secured } as object }),
      // The supervisor reconnects, and our own heartbeat notices what is gone.
      reconnect: false,
      ignoreClusterUpdates: true,
      pingInterval: LONGEST_TIMER_MS,
      // A stack for each request is dear, and nobody reads it.
      noAsyncTraces: true,
    });
    if (signal.aborted) {
      void nats.close();
      signal.throwIfAborted();
    }
    return nats;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function linkOf(library: NatsLibrary, nats: NatsConnection, server: Server, options: ConnectOptions): Link {
  const { settings, scheduler, onLost, onDenied } = options;
  const { address } = server;
  let isClosed = false;
  const beat: Heartbeat = heartbeat({
    scheduler,
    everyMs: settings.pingMs,
    withinMs: settings.pongMs,
    ping: () => void nats.flush().then(() => beat.heard(), ignore),
    dead: () => lost(`it did not answer a PING within ${formatDuration(settings.pongMs)}`),
  });
  void nats.closed().then((error) => {
    lost(error === undefined || error === null ? 'it was closed by the other side' : textOf(error));
  });
  if (onDenied !== undefined) void watchErrors(library, nats.status(), onDenied);

  return { nats, library, address, heard: () => beat.heard(), close };

  function lost(why: string): void {
    if (isClosed) return;
    close();
    onLost(new AraldoError('connection-lost', `lost the connection to ${address}: ${why}`));
  }

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    beat.stop();
    void nats.close().catch(ignore);
  }
}

/** Ends with the connection. */
async function watchErrors(
  library: NatsLibrary,
  status: AsyncIterable<Status>,
  onDenied: (subject: string, text: string) => void,
): Promise<void> {
  for await (const happening of status) {
    if (happening.type !== 'error') continue;
    const { error } = happening;
    if (error instanceof library.PermissionViolationError && error.operation === 'publish') {
      onDenied(error.subject, error.message);
    }
  }
}

/** What an error of the library says; that it stems from a socket is said by its cause. */
export function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  const isOfSocket = cause instanceof Error && (cause as NodeJS.ErrnoException).code !== undefined;
  return isOfSocket ? cause.message : thrown.message || thrown.name;
}

/** The payload of a message, without a copy; a Buffer, as what the libraries of other endpoints hand over. */
export function bytesOf(message: Msg): Buffer {
  const { data } = message;
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function refusalOf(server: Server, settings: ConnectionSettings, thrown: unknown): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const { cause } = thrown as { readonly cause?: unknown };
  const text = tlsProblem(thrown) ?? tlsProblem(cause) ?? textOf(thrown) + hintOf(server, settings, thrown);
  const isLogin = /authoriz|authentic/i.test(text);
  const cure = isLogin ? `; ${cureOf(settings.credentials, server)}` : '';
  return new AraldoError('connect-failed', `could not connect to ${server.address}: ${text}${cure}`, {
    cause: thrown,
  });
}

/** A server that does not take our certificate says so and hangs up, and what it said may be lost with that. */
function hintOf({ isTls }: Server, { tls }: ConnectionSettings, thrown: unknown): string {
  const isSecure = isTls || Object.keys(tls).length > 0;
  if (!isSecure || !/ECONNRESET|EPIPE|hang up|closed/i.test(textOf(thrown))) return '';
  return tls.cert === undefined
    ? '; if it asks for a certificate, set tls.cert and tls.key'
    : '; it may not take the certificate of tls.cert';
}

/** So that a thousand clients do not all knock at the first server. */
function shuffled(servers: readonly Server[]): readonly Server[] {
  return servers
    .map((server) => ({ server, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ server }) => server);
}

/** That the connection ended while the server was asked is told by `onLost`. */
function ignore(): void {}
