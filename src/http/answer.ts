/** Plain answers of the server itself: one sentence each, to a request or to a bare socket. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { STATUS_CODES, validateHeaderValue } from './node-http.ts';

export type Headers = Readonly<Record<string, string>>;

/** A request that nobody will handle, and what its sender is told. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: Headers;
}

/** How long a refused client has to read its answer and hang up. */
const LINGER_MS = 1_000;

/** Answers with a sentence as text. */
export function answerText(response: ServerResponse, refusal: Refusal): void {
  answer(response, refusal.status, 'text/plain; charset=utf-8', `${refusal.text}\n`, refusal.headers);
}

/** Answers with data as JSON that nobody stores. */
export function answerJson(response: ServerResponse, status: number, data: unknown): void {
  answer(response, status, 'application/json; charset=utf-8', `${JSON.stringify(data)}\n`);
}

/** The one way in which a whole body leaves; to HEAD, node:http sends the headers alone. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Headers = {},
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

/** Answers on a socket that node:http does not hold, or does not hold any more, and ends it. */
export function answerSocket(socket: Socket, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${refusal.text}\n`;
  const headers: Headers = {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...refusal.headers,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => {
    validateHeaderValue(name, value);
    return `${name}: ${value}`;
  });
  const status = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`;
  socket.end(`${[status, ...lines].join('\r\n')}\r\n\r\n${body}`);
  linger(socket);
}

/**
 * Reads and forgets what the client still sends until it hangs up: closing a socket with unread bytes resets
 * it, and a reset can overtake the answer.
 */
function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.resume();
}
