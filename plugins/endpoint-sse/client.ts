/** The asking half: one stream of events of another server, opened again where it was left. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { SchedulerLike, Subscription } from 'rxjs';
import { loadLibrary } from '../../src/core/client-library.ts';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { printableUrl } from '../../src/options/http-url.ts';
import { readTls, type TlsFiles } from '../../src/options/tls.ts';

export interface ClientOptions {
  readonly name: string;
  /** Without user and password. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsFiles;
  /** Types of events to take; all unless given. */
  readonly events: readonly string[] | undefined;
  /** The largest event, in bytes. */
  readonly maxPayload: number;
  /** How long it may be silent; for ever unless given. */
  readonly idleMs: number | undefined;
}

/** How often an idle connection is probed by the kernel: what is gone without a word is noticed. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** Nobody may keep us away for longer. */
const LONGEST_RETRY_MS = 300_000;

export function createClient(options: ClientOptions, scheduler: SchedulerLike, port: Port): Transport {
  const { name, url, maxPayload, idleMs } = options;
  const named = printableUrl(url);
  const lane = port.source.lane({ name, meta: { endpoint: name, lane: name } });
  let lastId = '';
  let retryMs = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  let response: http.IncomingMessage | undefined;
  let silence: Subscription | undefined;

  return {
    async open(signal) {
      const waitMs = notBefore - scheduler.now();
      if (waitMs > 0) {
        const left = formatDuration(Math.ceil(waitMs / 1000) * 1000);
        throw new AraldoError('connect-failed', `${named} asks to be left alone for another ${left}`);
      }
      const [{ createParser }, tls] = await Promise.all([
        loadLibrary('endpoint-sse', 'eventsource-parser', () => import('eventsource-parser')),
        readTls(options.tls),
      ]);
      signal.throwIfAborted();
      const opened = await ask(url, { ...tls, headers: headersNow() }, signal);
      response = opened;
      const lose = (why: string): void => {
        if (response !== opened) return;
        hangUp();
        notBefore = scheduler.now() + retryMs;
        port.broken(new AraldoError('connection-lost', `lost the stream of ${named}: ${why}`));
      };
      const parser = createParser({
        maxBufferSize: maxPayload + 1024,
        onId(id) {
          lastId = id;
        },
        onEvent({ id, event, data }) {
          if (response !== opened) return;
          if (options.events !== undefined && !options.events.includes(event ?? 'message')) return;
          const bytes = Buffer.from(data);
          if (bytes.length > maxPayload)
            return lose(`an event of ${bytes.length} bytes; max-payload is ${maxPayload}`);
          const meta = {
            ...lane.meta,
            event: event ?? 'message',
            ...(id !== undefined && id !== '' && { id: `${name}/${id}` }),
          };
          lane.receiveBytes(Wire.of(bytes, true), meta);
        },
        onRetry(ms) {
          retryMs = Math.min(ms, LONGEST_RETRY_MS);
        },
        onError(error) {
          if (error.type === 'max-buffer-size-exceeded')
            lose(`an event is larger than max-payload (${maxPayload})`);
        },
      });
      const text = new TextDecoder();
      opened.on('data', (chunk: Buffer) => {
        listen(lose);
        if (response === opened) parser.feed(text.decode(chunk, { stream: true }));
      });
      opened.on('error', (error) => lose(error.message));
      opened.once('end', () => lose('the other side ended it'));
      opened.once('close', () => lose('the connection ended'));
      opened.socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      listen(lose);
      if (lane.isPaused) opened.pause();
    },
    pause() {
      response?.pause();
      silence?.unsubscribe();
    },
    resume: () => void response?.resume(),
    close: hangUp,
  };

  function headersNow(): Record<string, string> {
    return {
      accept: 'text/event-stream',
      'cache-control': 'no-cache',
      ...options.headers,
      ...(lastId !== '' && { 'last-event-id': Buffer.from(lastId).toString('latin1') }),
    };
  }

  /** Begins to wait for the next sign of life. */
  function listen(lose: (why: string) => void): void {
    if (idleMs === undefined) return;
    silence?.unsubscribe();
    silence = deadline(scheduler, idleMs, () => lose(`nothing was heard for ${formatDuration(idleMs)}`));
  }

  function hangUp(): void {
    silence?.unsubscribe();
    const last = response;
    response = undefined;
    last?.destroy();
  }

  function ask(to: URL, settings: https.RequestOptions, signal: AbortSignal): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const failed = (why: string, cause?: Error): void =>
        reject(new AraldoError('connect-failed', `could not open the stream of ${named}: ${why}`, { cause }));
      // A connection of its own: it lasts as long as the stream.
      const start = to.protocol === 'https:' ? https.request : http.request;
      const request = start(to, { ...settings, agent: false });
      const abort = (): void => void request.destroy(AraldoError.from(signal.reason, 'connect-failed'));
      signal.addEventListener('abort', abort, { once: true });
      request.on('error', (error) => {
        signal.removeEventListener('abort', abort);
        if (error instanceof AraldoError) reject(error);
        else failed(textOf(error), error);
      });
      request.once('response', (answered) => {
        signal.removeEventListener('abort', abort);
        const why = refusalOf(answered);
        if (why === undefined) return resolve(answered);
        failed(why);
        request.destroy();
      });
      request.end();
    });
  }
}

function refusalOf({
  statusCode = 0,
  statusMessage = '',
  headers,
}: http.IncomingMessage): string | undefined {
  if (statusCode !== 200) {
    const cure =
      statusCode === 401 || statusCode === 403
        ? '; check the credentials in headers or url'
        : statusCode >= 300 && statusCode < 400
          ? '; redirects are not followed, so write the final address as url'
          : '';
    return `it answered ${statusCode} ${statusMessage}${cure}`;
  }
  const type = headers['content-type'] ?? 'nothing';
  return /^text\/event-stream\s*(;|$)/i.test(type) ? undefined : `expected text/event-stream, found ${type}`;
}

/** A host with several addresses fails with the failures of all of them. */
function textOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message === '' && first instanceof Error ? first.message : error.message;
}
