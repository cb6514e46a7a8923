/** One WebSocket to a server, from the handshake to the reason why it ended. */
import type { Socket } from 'node:net';
import type * as ws from 'ws';
import { loadLibrary } from '../../src/core/client-library.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { readTls, type TlsFiles } from '../../src/options/tls.ts';

/** The most frames that a message may be sent in. */
const MOST_FRAGMENTS = 1_024;

export interface ConnectOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  /** The largest message to take, in bytes: a larger one ends the connection. */
  readonly maxPayload: number;
  readonly tls: TlsFiles;
  readonly signal: AbortSignal;
  /** Called at once when it is open, before anything can be read. */
  readonly onOpen: (connection: Connection) => void;
  readonly onMessage: (bytes: Buffer, isText: boolean) => void;
  readonly onPong: () => void;
  /** Called once, when it was open and has ended. */
  readonly onLost: (error: AraldoError) => void;
}

export interface Connection {
  readonly webSocket: ws.WebSocket;
  /** The one it runs over: what is sent between its `cork` and `uncork` leaves in one piece. */
  readonly socket: Socket;
}

/** Connects; rejects with an `AraldoError` that says where and why. Redirects are not followed. */
export async function connectWebSocket(options: ConnectOptions): Promise<Connection> {
  const { url, headers, subprotocols, maxPayload, signal, onOpen, onMessage, onPong, onLost } = options;
  const [{ WebSocket }, tls] = await Promise.all([
    loadLibrary('endpoint-websocket-client', 'ws', () => import('ws')),
    readTls(options.tls),
  ]);
  signal.throwIfAborted();
  const settings: ws.ClientOptions = {
    ...tls,
    headers: { ...headers },
    maxPayload,
    maxFragments: MOST_FRAGMENTS,
    perMessageDeflate: false,
    followRedirects: false,
  };
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(url, [...subprotocols], settings);
    let reason: string | undefined;
    let cause: unknown;
    let socket: Socket | undefined;
    let isOpen = false;
    const abort = (): void => webSocket.terminate();
    signal.addEventListener('abort', abort, { once: true });

    webSocket.on('upgrade', (response) => {
      socket = response.socket;
    });
    webSocket.on('unexpected-response', (_request, { statusCode = 0, statusMessage = '' }) => {
      reason ??= `it answered ${statusCode} ${statusMessage}${cureOf(statusCode)}`;
      webSocket.terminate();
    });
    webSocket.on('error', (error) => {
      if (reason !== undefined) return;
      reason = textOf(error);
      cause = error;
    });
    webSocket.once('open', () => {
      signal.removeEventListener('abort', abort);
      // `upgrade` always comes before `open`.
      const connection = { webSocket, socket: socket as Socket };
      isOpen = true;
      onOpen(connection);
      resolve(connection);
    });
    webSocket.on('message', (data, isBinary) => onMessage(data as Buffer, !isBinary));
    webSocket.on('pong', onPong);
    webSocket.once('close', (code, text) => {
      signal.removeEventListener('abort', abort);
      const why = reason ?? farewell(code, text.toString());
      const named = nameOf(url);
      if (isOpen)
        onLost(new AraldoError('connection-lost', `lost the connection to ${named}: ${why}`, { cause }));
      else if (signal.aborted) reject(AraldoError.from(signal.reason, 'connect-failed'));
      else reject(new AraldoError('connect-failed', `could not connect to ${named}: ${why}`, { cause }));
    });
  });
}

/** The URL without user, password, query and fragment: what may be printed. */
export function nameOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function farewell(code: number, text: string): string {
  if (code === 1006) return 'it ended without a word';
  return `the other side closed it with ${code}${text === '' ? '' : ` ${JSON.stringify(text)}`}`;
}

function cureOf(status: number): string {
  if (status === 401 || status === 403) return '; check the credentials in headers or url';
  if (status >= 300 && status < 400) return '; redirects are not followed, so write the final address as url';
  if (status === 404) return '; check the path in url';
  return '';
}

/** A host with several addresses fails with the failures of all of them. */
function textOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message === '' && first instanceof Error ? first.message : error.message;
}
