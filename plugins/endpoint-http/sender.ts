/** The sending half: messages become requests, some at a time, and those of one key one after the other. */
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import type { Sender as Leg, SinkTransport } from '../../src/core/sink.ts';
import type { Port } from '../../src/core/transport.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { printableUrl } from '../../src/options/http-url.ts';
import { readTls, type TlsFiles } from '../../src/options/tls.ts';
import { type Client, type ClientOptions, createClient, type Outcome } from './client.ts';
import { headersOf } from './headers.ts';

export interface SenderSettings extends Pick<ClientOptions, 'url' | 'method' | 'timeoutMs' | 'concurrency'> {
  readonly headers: Readonly<Record<string, string>>;
  /** Which headers of a message leave: names in lower case. */
  readonly isForwarded: (name: string) => boolean;
  readonly tls: TlsFiles;
  /** How often the other side may fail at one message before that is the message's fault. */
  readonly tries: number;
}

export interface HttpSender extends SinkTransport {
  open(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** What may be under way, in bytes, beside the bound in messages. */
const MOST_BYTES = 16 * 1024 * 1024;

interface Job {
  /** Two legs may send the same message. */
  readonly id: string;
  readonly key: string | undefined;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly ticket: number;
  readonly leg: Leg;
}

/** One time that the endpoint is open. */
interface Session {
  readonly client: Client;
  /** For each key of which a message is under way: those that wait for it, within the bound of all. */
  readonly lines: Map<string, Job[]>;
  /** Requests that are not answered. */
  running: number;
  /** These, and those that wait in a line. */
  held: number;
  bytes: number;
  /** The other side cannot serve now: nothing more is sent, and what runs comes to its end. */
  failure: AraldoError | undefined;
}

export function createSender(settings: SenderSettings, scheduler: SchedulerLike, port: Port): HttpSender {
  const { concurrency, tries } = settings;
  /** How often the other side has failed at a message of a leg; as many as are under way at most. */
  const failures = new Map<string, number>();
  let session: Session | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  let isFull = false;
  /** As many as there are callers of `flush` that wait. */
  let waiting: (() => void)[] = [];

  return {
    async open(signal) {
      const waitMs = notBefore - scheduler.now();
      if (waitMs > 0) {
        const left = formatDuration(Math.ceil(waitMs / 1000) * 1000);
        throw new AraldoError(
          'connect-failed',
          `${printableUrl(settings.url)} asks to be left alone for another ${left}`,
        );
      }
      const tls = await readTls(settings.tls);
      const client = createClient({ ...settings, tls, scheduler });
      await client.probe(signal);
      signal.throwIfAborted();
      isFull = false;
      session = { client, lines: new Map(), running: 0, held: 0, bytes: 0, failure: undefined };
    },
    isWritable: () => session !== undefined && session.failure === undefined && !isFull,
    write,
    flush() {
      if (session === undefined || session.held === 0) return;
      return new Promise((resolve) => waiting.push(resolve));
    },
    close() {
      session?.client.close();
      session = undefined;
      flushed();
    },
  };

  function write(message: Message, ticket: number, leg: Leg): boolean {
    const wire = outgoingWire(message);
    const { key } = message.meta;
    const { headers: fixed, isForwarded } = settings;
    const headers = headersOf(message, { fixed, isForwarded, isText: wire.isText === true });
    const job: Job = { id: `${leg.name} ${message.id}`, key, body: wire.bytes, headers, ticket, leg };
    const own = session as Session;
    own.held += 1;
    own.bytes += job.body.byteLength;
    isFull = own.held >= concurrency || own.bytes >= MOST_BYTES;
    const line = key === undefined ? undefined : own.lines.get(key);
    if (line !== undefined) line.push(job);
    else {
      if (key !== undefined) own.lines.set(key, []);
      start(own, job);
    }
    return false;
  }

  function start(own: Session, job: Job): void {
    own.running += 1;
    own.client.send(job.body, job.headers, (outcome) => {
      if (own === session) ended(own, job, outcome);
    });
  }

  function ended(own: Session, job: Job, outcome: Outcome): void {
    own.running -= 1;
    const isAnswered = settle(own, job, outcome);
    if (own !== session) return;
    if (isAnswered) {
      own.held -= 1;
      own.bytes -= job.body.byteLength;
      next(own, job.key);
    }
    if (own.failure === undefined) return refill(own);
    // What else ran has been answered now, and is not sent twice.
    if (own.running === 0) {
      own.client.close();
      session = undefined;
      port.broken(own.failure);
      flushed();
    }
  }

  /** Whether the leg has its answer; otherwise the message is sent again when the other side is back. */
  function settle(own: Session, job: Job, outcome: Outcome): boolean {
    const { leg, ticket, id } = job;
    switch (outcome.kind) {
      case 'taken':
        failures.delete(id);
        leg.confirm(ticket);
        return true;
      case 'refused':
        failures.delete(id);
        leg.fail(ticket, outcome.error);
        return true;
      case 'failed': {
        const count = (failures.get(id) ?? 0) + 1;
        if (count >= tries) {
          failures.delete(id);
          leg.fail(ticket, outcome.error);
          return true;
        }
        // Those of a leg that gave its messages up meanwhile never come again.
        if (failures.size >= concurrency * 2) failures.clear();
        failures.set(id, count);
        own.failure ??= outcome.error;
        return false;
      }
      case 'unavailable':
        notBefore = Math.max(notBefore, scheduler.now() + outcome.retryAfterMs);
        own.failure ??= outcome.error;
        return false;
      default:
        return outcome satisfies never;
    }
  }

  function next(own: Session, key: string | undefined): void {
    if (key === undefined || own.failure !== undefined) return;
    const job = own.lines.get(key)?.shift();
    if (job === undefined) own.lines.delete(key);
    else start(own, job);
  }

  function refill(own: Session): void {
    if (own.held === 0) flushed();
    if (!isFull || own.held >= concurrency || own.bytes >= MOST_BYTES) return;
    isFull = false;
    port.writable();
  }

  function flushed(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }
}
