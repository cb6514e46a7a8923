/** Publishes what one open connection is given. What a turn has published is confirmed by one PONG. */
import type { MsgHdrs } from '@nats-io/transport-node';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Link } from '../../src/nats/connection.ts';
import { createOutstanding } from '../../src/nats/outstanding.ts';
import { send } from '../../src/nats/send.ts';

export interface Outgoing {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
  readonly headers: MsgHdrs | undefined;
}

export interface Publisher {
  readonly isWritable: boolean;
  /** Throws what is the message's own fault. */
  publish(outgoing: Outgoing, ticket: number, sender: Sender): void;
  /** The server refused what was published on a subject. It says so before the PONG of that turn. */
  denied(subject: string, text: string): void;
  /** Resolves when all is confirmed, or the connection is lost. */
  settled(): Promise<void>;
  /** Nothing is confirmed any more. */
  lost(): void;
}

/** Messages of one leg on one subject that followed each other: their tickets do too. */
interface Run {
  readonly sender: Sender;
  readonly subject: string;
  readonly from: number;
  through: number;
}

/** What one turn published. */
interface Batch {
  readonly runs: Run[];
  messages: number;
  bytes: number;
}

export function createPublisher(link: Link, scheduler: SchedulerLike, onWritable: () => void): Publisher {
  const outstanding = createOutstanding(onWritable);
  /** Refused since all was last confirmed. Fixed subjects are few; those of messages are as many as are outstanding. */
  const refusals = new Map<string, AraldoError>();
  let current: Batch | undefined;
  let isLost = false;

  return {
    get isWritable() {
      return !outstanding.isFull && !isLost;
    },
    publish,
    denied(subject, text) {
      if (outstanding.messages > 0) refusals.set(subject, new AraldoError('sink-rejected', text));
    },
    settled: () => outstanding.settled(),
    lost() {
      isLost = true;
      outstanding.lost();
    },
  };

  function publish(outgoing: Outgoing, ticket: number, sender: Sender): void {
    // It ended a moment ago, and that is no fault of the message: it is sent again when that has been told.
    if (isLost || link.nats.isClosed()) return;
    const { subject, payload, reply, headers } = outgoing;
    send(link, subject, payload, {
      ...(reply !== undefined && { reply }),
      ...(headers !== undefined && { headers }),
    });
    current ??= begin();
    const size = payload.byteLength;
    current.messages += 1;
    current.bytes += size;
    outstanding.sent(size);
    const run = current.runs.at(-1);
    if (run?.sender === sender && run.subject === subject && run.through === ticket - 1) run.through = ticket;
    else current.runs.push({ sender, subject, from: ticket, through: ticket });
  }

  function begin(): Batch {
    scheduler.schedule(() => {
      const batch = current;
      current = undefined;
      if (batch !== undefined && !isLost) ask(batch);
    });
    return { runs: [], messages: 0, bytes: 0 };
  }

  /** Refusals are told by way of an iterator, some microtasks late: they are here by the next turn. */
  function ask(batch: Batch): void {
    link.nats.flush().then(
      () => scheduler.schedule(() => confirmed(batch)),
      // It ended: the endpoint is told by the link.
      () => undefined,
    );
  }

  function confirmed({ runs, messages, bytes }: Batch): void {
    if (isLost) return;
    for (const { sender, subject, from, through } of runs) {
      const refusal = refusals.get(subject);
      if (refusal === undefined) sender.confirmThrough(through);
      else for (let ticket = from; ticket <= through; ticket += 1) sender.fail(ticket, refusal);
    }
    outstanding.answered(bytes, messages);
    if (outstanding.messages === 0) refusals.clear();
  }
}
