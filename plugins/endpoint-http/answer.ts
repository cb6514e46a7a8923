/** Answers to requests: a line of JSON each; those that come before the end of the body let the sender read them. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { SchedulerLike } from 'rxjs';

export type Headers = Readonly<Record<string, string>>;

export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly headers?: Headers;
}

/** How long one who is refused may go on sending what nobody reads. */
const LINGER_MS = 1_000;

export function answerJson(
  response: ServerResponse,
  status: number,
  data: object,
  headers: Headers = {},
): void {
  const body = `${JSON.stringify(data)}\n`;
  answerBytes(response, status, Buffer.from(body), { 'content-type': 'application/json', ...headers });
}

/** What a request failed of, as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  readonly detail: string;
  /** One of the codes of `AraldoError`. */
  readonly code?: string | undefined;
  readonly headers?: Headers;
}

export function answerProblem(response: ServerResponse, problem: Problem): void {
  answerBytes(response, problem.status, problemBytes(problem), { ...problemType, ...problem.headers });
}

const problemType: Headers = { 'content-type': 'application/problem+json' };

function problemBytes({ status, detail, code }: Problem): Buffer {
  const title = STATUS_CODES[status];
  return Buffer.from(`${JSON.stringify({ title, status, detail, ...(code !== undefined && { code }) })}\n`);
}

export function answerBytes(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  headers: Headers,
): void {
  writeHead(response, status, body.byteLength, headers);
  response.end(body);
}

/**
 * Answers a request whose body may still come. Ending at once would close a socket with unread bytes, which resets it,
 * and a reset can overtake the answer: so the answer goes out whole, and the connection ends with the body or a second
 * later.
 */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, error, headers = {} }: Refusal,
  scheduler: SchedulerLike,
): void {
  const problem: Problem = { status, detail: error, headers };
  if (request.readableEnded) return answerProblem(response, problem);
  const body = problemBytes(problem);
  writeHead(response, status, body.byteLength, {
    ...problemType,
    connection: 'close',
    ...headers,
  });
  response.write(body);
  const linger = scheduler.schedule(() => response.end(), LINGER_MS);
  request.once('end', () => response.end());
  response.once('close', () => linger.unsubscribe());
  request.resume();
}

function writeHead(response: ServerResponse, status: number, length: number, headers: Headers): void {
  response.writeHead(status, {
    'content-length': length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
}
