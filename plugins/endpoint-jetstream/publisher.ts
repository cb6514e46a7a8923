/** Publishes what one open connection is given: many at once, each confirmed by the stream that has stored it. */
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { SchedulerLike, Subscription as Timer } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Link } from '../../src/nats/connection.ts';
import { readHeaders } from '../../src/nats/headers.ts';
import { createOutstanding } from '../../src/nats/outstanding.ts';
import { send } from '../../src/nats/send.ts';

export interface PublisherOptions {
  readonly link: Link;
  readonly scheduler: SchedulerLike;
  /** Whether all messages go to one subject: then no answer is about the message's choice of it. */
  readonly isFixed: boolean;
  /** The stream that takes a subject; `undefined` when none does. */
  readonly streamOf: (subject: string) => Promise<string | undefined>;
  /** It takes messages again. */
  readonly onWritable: () => void;
  /** The stream cannot serve now. */
  readonly onUnavailable: (error: AraldoError) => void;
  /** The stream had a message already. */
  readonly onDuplicate: () => void;
}

export interface Publisher {
  readonly isWritable: boolean;
  /** Throws what is the message's own fault. */
  publish(
    subject: string,
    payload: Uint8Array,
    headers: MsgHdrs | undefined,
    ticket: number,
    sender: Sender,
  ): void;
  /** Our user may not publish there. */
  denied(subject: string, text: string): void;
  /** Resolves when all is confirmed, or the connection is lost. */
  settled(): Promise<void>;
  /** Nothing is confirmed any more. */
  lost(): void;
}

/** Published, and not confirmed. */
interface Waiting {
  readonly sender: Sender;
  readonly ticket: number;
  readonly subject: string;
  readonly size: number;
  readonly at: number;
}

/** What a stream says to what was published. */
interface Answer {
  readonly duplicate?: boolean;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

/** A stream that has not stored a message by then has not got it, or cannot say so. */
const ANSWER_MS = 10_000;

/** Of the refusals that blame a request, these are about the account and the stream: the next message fares no better. */
const notOfMessage: ReadonlySet<number> = new Set([10_002, 10_023, 10_035, 10_039, 10_076, 10_077, 10_109]);
const WRONG_STREAM = 10_060;

export function createPublisher(options: PublisherOptions): Publisher {
  const { link, scheduler, isFixed, streamOf, onWritable, onUnavailable, onDuplicate } = options;
  const { nats } = link;
  const inbox = link.library.createInbox();
  const outstanding = createOutstanding(onWritable);
  /** By the last token of their inbox, the oldest first; bounded by `outstanding`. */
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let timeout: Timer | undefined;
  let isLost = false;

  nats.subscribe(`${inbox}.*`, {
    // A throw here would end the reading of the whole connection: what it calls does not throw.
    callback(error, message) {
      if (error === null) answered(message);
      else unavailable(error.message);
    },
  });

  return {
    get isWritable() {
      return !outstanding.isFull && !isLost;
    },
    publish(subject, payload, headers, ticket, sender) {
      // It ended a moment ago, and that is no fault of the message: it is sent again when that has been told.
      if (isLost || nats.isClosed()) return;
      const reply = `${inbox}.${next}`;
      send(link, subject, payload, { reply, ...(headers !== undefined && { headers }) });
      const size = payload.byteLength;
      waiting.set(next, { sender, ticket, subject, size, at: scheduler.now() });
      next += 1;
      outstanding.sent(size);
      timeout ??= deadline(scheduler, ANSWER_MS, checkOldest);
    },
    denied(subject, text) {
      const error = new AraldoError('sink-rejected', text);
      for (const [place, one] of waiting) if (one.subject === subject) failed(place, one, error);
    },
    settled: () => outstanding.settled(),
    lost,
  };

  function answered(message: Msg): void {
    link.heard();
    const place = Number(message.subject.slice(inbox.length + 1));
    const one = waiting.get(place);
    if (one === undefined || isLost) return;
    if (message.data.byteLength === 0 && readHeaders(message)?.status === 503)
      return void unanswered(place, one);
    const { error, duplicate } = answerOf(message);
    if (error !== undefined) return refused(place, one, error);
    if (duplicate === true) onDuplicate();
    waiting.delete(place);
    one.sender.confirm(one.ticket);
    outstanding.answered(one.size);
  }

  function refused(place: number, one: Waiting, error: NonNullable<Answer['error']>): void {
    const { code = 500, err_code: kind = 0, description = 'no reason given' } = error;
    const text = `JetStream did not take a message for ${one.subject}: ${description} (${kind})`;
    const isItsOwn = code < 500 && !notOfMessage.has(kind) && !(kind === WRONG_STREAM && isFixed);
    if (isItsOwn) failed(place, one, new AraldoError('sink-rejected', text));
    else unavailable(text);
  }

  /** Nobody takes that subject: there is no such stream, or JetStream is not there. */
  async function unanswered(place: number, one: Waiting): Promise<void> {
    const text = `no stream of ${link.address} takes the subject ${one.subject}`;
    try {
      if (isFixed || (await streamOf(one.subject)) !== undefined) return unavailable(text);
    } catch {
      return unavailable(text);
    }
    if (!isLost && waiting.has(place)) failed(place, one, new AraldoError('sink-rejected', text));
  }

  function failed(place: number, { sender, ticket, size }: Waiting, error: AraldoError): void {
    waiting.delete(place);
    sender.fail(ticket, error);
    outstanding.answered(size);
  }

  function checkOldest(): void {
    timeout = undefined;
    const [oldest] = waiting.values();
    if (oldest === undefined || isLost) return;
    const leftMs = oldest.at + ANSWER_MS - scheduler.now();
    if (leftMs <= 0)
      unavailable(`no stream confirmed a message for ${oldest.subject} within ${ANSWER_MS / 1000} s`);
    else timeout = deadline(scheduler, leftMs, checkOldest);
  }

  function unavailable(text: string): void {
    if (isLost) return;
    lost();
    onUnavailable(new AraldoError('connection-lost', text));
  }

  function lost(): void {
    isLost = true;
    timeout?.unsubscribe();
    waiting.clear();
    outstanding.lost();
  }
}

function answerOf(message: Msg): Answer {
  try {
    return message.json<Answer>();
  } catch {
    return { error: { description: 'an answer that cannot be read' } };
  }
}
