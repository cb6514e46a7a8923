/** Sends single requests to one URL over connections that are kept, and says what the other side made of each. */
import * as http from 'node:http';
import * as https from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SchedulerLike } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { printableUrl } from '../../src/options/http-url.ts';
import type { TlsSettings } from '../../src/options/tls.ts';

export interface ClientOptions {
  /** Without user and password. */
  readonly url: URL;
  readonly method: string;
  readonly tls: TlsSettings;
  readonly timeoutMs: number;
  /** The most requests, and connections, at a time. */
  readonly concurrency: number;
  readonly scheduler: SchedulerLike;
}

/**
 * `taken`: 2xx. `refused`: the message itself is at fault. `failed`: the other side failed at it, which may be the fault
 * of either. `unavailable`: it cannot serve now, whatever it is sent.
 */
export type Outcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused' | 'failed'; readonly error: AraldoError }
  | { readonly kind: 'unavailable'; readonly error: AraldoError; readonly retryAfterMs: number };

export interface Client {
  /** Resolves when a connection to the other side can be made; rejects with an `AraldoError` that says why not. */
  probe(signal: AbortSignal): Promise<void>;
  /** `done` is called once, also after `close`. */
  send(body: Uint8Array, headers: Readonly<Record<string, string>>, done: (outcome: Outcome) => void): void;
  close(): void;
}

/** What is read of the body of an answer, so that its connection can be used again; then the connection is closed. */
const MOST_ANSWER_BYTES = 64 * 1024;

/** Nobody may keep us away for longer. */
const LONGEST_RETRY_AFTER_MS = 300_000;

export function createClient(options: ClientOptions): Client {
  const { url, method, tls, timeoutMs, concurrency, scheduler } = options;
  const isSecure = url.protocol === 'https:';
  const settings = { keepAlive: true, maxSockets: concurrency, maxFreeSockets: concurrency, ...tls };
  const agent = isSecure ? new https.Agent(settings) : new http.Agent(settings);
  const start = isSecure ? https.request : http.request;
  const named = printableUrl(url);

  return { probe, send, close: () => agent.destroy() };

  function probe(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const to = { host, port: Number(url.port === '' ? (isSecure ? 443 : 80) : url.port) };
      const socket: Socket = isSecure
        ? connectTls({ ...to, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }), ...tls })
        : connectTcp(to);
      const abort = (): void => void socket.destroy(AraldoError.from(signal.reason, 'connect-failed'));
      signal.addEventListener('abort', abort, { once: true });
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        signal.removeEventListener('abort', abort);
        socket.destroy();
        resolve();
      });
      socket.on('error', (error) => {
        signal.removeEventListener('abort', abort);
        if (error instanceof AraldoError) reject(error);
        else
          reject(
            new AraldoError('connect-failed', `could not connect to ${named}: ${textOf(error)}`, {
              cause: error,
            }),
          );
      });
    });
  }

  function send(
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    done: (outcome: Outcome) => void,
    // Every kept connection may have been closed by the other side meanwhile, each costs one try.
    triesLeft: number = concurrency + 1,
  ): void {
    let outcome: Outcome | undefined;
    let isDone = false;
    let isLate = false;
    const request = start(url, {
      method,
      agent,
      headers: { ...headers, 'content-length': body.byteLength },
    });
    const timeout = deadline(scheduler, timeoutMs, () => {
      isLate = true;
      request.destroy();
    });
    const finish = (last: Outcome): void => {
      if (isDone) return;
      isDone = true;
      timeout.unsubscribe();
      done(last);
    };
    request.on('response', (response) => {
      outcome = outcomeOf(response);
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) request.destroy();
      });
      response.on('error', ignore);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (outcome !== undefined || isDone) return;
      const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (isStale && !isLate && triesLeft > 0) {
        isDone = true;
        timeout.unsubscribe();
        send(body, headers, done, triesLeft - 1);
        return;
      }
      outcome = lost(isLate ? `it did not answer within ${formatDuration(timeoutMs)}` : textOf(error));
    });
    request.once('close', () => finish(outcome ?? lost('it ended the connection without an answer')));
    request.end(body);
  }

  function lost(why: string): Outcome {
    const error = new AraldoError('connection-lost', `${named} did not take a message: ${why}`);
    return { kind: 'unavailable', error, retryAfterMs: 0 };
  }

  function outcomeOf({ statusCode = 0, statusMessage = '', headers }: http.IncomingMessage): Outcome {
    if (statusCode >= 200 && statusCode < 300) return { kind: 'taken' };
    const text = `${named} answered ${statusCode} ${statusMessage}${cureOf(statusCode)}`;
    if (isUnavailable(statusCode)) {
      const error = new AraldoError('connection-lost', text);
      return { kind: 'unavailable', error, retryAfterMs: retryAfterOf(headers['retry-after'], Date.now()) };
    }
    return { kind: statusCode >= 500 ? 'failed' : 'refused', error: new AraldoError('sink-rejected', text) };
  }
}

/** In milliseconds: `120`, or a date; 0 for anything else. */
export function retryAfterOf(value: string | undefined, now: number): number {
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
}

/** Any other message would be told the same: the credentials, the address, the load, a proxy without its server. */
function isUnavailable(status: number): boolean {
  return (status >= 300 && status < 400) || [401, 407, 408, 425, 429, 502, 503, 504].includes(status);
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

function ignore(): void {
  // What ends the answer ends the request as well, and that is told.
}
