/**
 * Reads a stream through its consumer while the endpoint is open: asks for as many messages as the window has places,
 * tells the server what became of each, and that it goes on holding what it holds.
 */
import type { Msg, Subscription } from '@nats-io/transport-node';
import { type SchedulerLike, Subscription as Timers } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Meta, Status } from '../../src/core/message.ts';
import { Wire } from '../../src/core/wire.ts';
import { bytesOf, type Link } from '../../src/nats/connection.ts';
import { type HeaderBlock, headerOf, metaOfHeaders, readHeaders } from '../../src/nats/headers.ts';
import { type Delivery, readDelivery } from './delivery.ts';
import type { Done } from './done.ts';

export interface PullerOptions {
  readonly link: Link;
  readonly lane: Lane;
  readonly scheduler: SchedulerLike;
  /** What the requests to JetStream begin with. */
  readonly prefix: string;
  readonly stream: string;
  readonly durable: string;
  /** The most messages that may be unsettled. */
  readonly window: number;
  /** What `end` of the puller before it returned: else the server waits with these for the whole ack-wait. */
  readonly owed: readonly string[];
  readonly ackWaitMs: number;
  /** What is done already: when it comes again, it is acknowledged again, and nobody else gets it. */
  readonly done: Done;
  /** The server delivers again what is done: it was killed, and has forgotten. */
  readonly onForgotten: () => void;
  /** Called once: the consumer does not serve us any more, though the connection may be there. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Puller {
  settled(place: number, status: Status): void;
  /** Asks for nothing more; what was asked for may still come, a window at most. */
  pause(): void;
  resume(): void;
  /** Takes nothing more from the server, for good; what it had sent comes. */
  drain(): void;
  /**
   * Gives back what is unsettled, so that it is delivered again at once, and ends. Returns what it could not give
   * back because the connection is gone: the next puller does.
   */
  end(): readonly string[];
}

/** What was delivered and is not settled. */
interface Held {
  /** Where the newest delivery of it wants its settlement. */
  reply: string;
  /** The position in the stream. */
  readonly sequence: number;
  /** When the stream took it, in milliseconds since 1970. */
  readonly takenAtMs: number;
  /** At which extension it came: it is fresh until the next one. */
  readonly since: number;
}

/** How long a request for messages waits for them. */
const EXPIRES_MS = 30_000;
/** How often the server says, while one waits, that it is there. */
const IDLE_MS = 5_000;
/** Three in a row were missed. */
const SILENCE_MS = IDLE_MS * 3 + 1_000;

const NANOS = 1_000_000;

const words: Readonly<Record<Status, string>> = { ack: '+ACK', nack: '-NAK', reject: '+TERM' };
const GOES_ON = '+WPI';

export function createPuller(options: PullerOptions): Puller {
  const { link, lane, scheduler, prefix, stream, durable, window, owed, ackWaitMs, onBroken } = options;
  const { done, onForgotten } = options;
  const { nats } = link;
  const inbox = link.library.createInbox();
  const ask = `${prefix}.CONSUMER.MSG.NEXT.${stream}.${durable}`;
  /** By place among the deliveries; bounded by the window, which is all that is ever asked for. */
  const held = new Map<number, Held>();
  /** The same by position in the stream. */
  const heldAt = new Map<number, Held>();
  const timers = new Timers();
  /** Asked for, and not here yet. */
  let expected = 0;
  let requests = 0;
  let extensions = 0;
  let heardAt = scheduler.now();
  let isPaused = false;
  let isPlanned = false;
  let hasEnded = false;

  const subscription: Subscription = nats.subscribe(`${inbox}.*`, {
    // A throw here would end the reading of the whole connection: what it calls does not throw.
    callback(error, message) {
      if (error === null) arrived(message);
      else broken(error.message);
    },
  });
  every(ackWaitMs / 3, extend);
  every(SILENCE_MS / 2, () => {
    if (expected > 0 && scheduler.now() - heardAt > SILENCE_MS) broken('it is silent');
  });
  refill();
  // Behind the first request: a server before 2.10 that finds none waiting mislays one of these until ack-wait is over.
  giveBack(owed);

  return {
    settled(place, status) {
      const one = held.get(place);
      if (one === undefined) return;
      held.delete(place);
      heldAt.delete(one.sequence);
      if (status !== 'nack') done.add(one.sequence, one.takenAtMs);
      if (!nats.isClosed()) nats.publish(one.reply, words[status]);
      plan();
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      plan();
    },
    drain() {
      isPaused = true;
      void subscription.drain().catch(ignore);
    },
    end() {
      if (hasEnded) return [];
      hasEnded = true;
      timers.unsubscribe();
      const replies = Array.from(held.values(), ({ reply }) => reply);
      held.clear();
      heldAt.clear();
      if (nats.isClosed()) return replies;
      subscription.unsubscribe();
      giveBack(replies);
      return [];
    },
  };

  function giveBack(replies: readonly string[]): void {
    for (const reply of replies) nats.publish(reply, words.nack);
  }

  /** What a turn settles is asked for anew in one request. */
  function plan(): void {
    if (isPlanned || hasEnded) return;
    isPlanned = true;
    timers.add(
      scheduler.schedule(() => {
        isPlanned = false;
        refill();
      }),
    );
  }

  /** At a quarter of the window, as the gate does: a request for each message would cost more than the message. */
  function refill(): void {
    const used = held.size + expected;
    if (isPaused || hasEnded || nats.isClosed() || used > (window * 3) / 4) return;
    const batch = window - used;
    if (expected === 0) heardAt = scheduler.now();
    expected += batch;
    requests += 1;
    const request = { batch, expires: EXPIRES_MS * NANOS, idle_heartbeat: IDLE_MS * NANOS };
    nats.publish(ask, JSON.stringify(request), { reply: `${inbox}.${requests}` });
  }

  function arrived(message: Msg): void {
    link.heard();
    heardAt = scheduler.now();
    const block = readHeaders(message);
    if (block !== undefined && block.status > 0) return told(block);
    const { reply = '' } = message;
    const delivery = readDelivery(reply);
    if (delivery === undefined) return;
    expected = Math.max(0, expected - 1);
    const { sequence, timestamp: takenAtMs } = delivery;
    if (done.has(sequence, takenAtMs)) {
      nats.publish(reply, words.ack);
      onForgotten();
      return plan();
    }
    const already = heldAt.get(sequence);
    if (already?.takenAtMs === takenAtMs) {
      // This process stood still for longer than ack-wait. Whoever has the message has it still.
      already.reply = reply;
      return plan();
    }
    const one = { reply, sequence, takenAtMs, since: extensions };
    held.set(delivery.place, one);
    heldAt.set(sequence, one);
    lane.receiveBytes(
      Wire.of(bytesOf(message)),
      metaOf(lane, message.subject, delivery, block),
      delivery.place,
    );
  }

  /** The server says something of a request: it lives, the request is over, or the consumer is. */
  function told(block: HeaderBlock): void {
    const { status, description } = block;
    if (status === 100) return;
    const isOver =
      status === 404 || status === 408 || (status === 409 && /batch completed/i.test(description));
    if (!isOver) return broken(status === 503 ? 'JetStream does not answer' : description);
    const left = Number(headerOf(block, 'nats-pending-messages') ?? expected);
    expected = Math.max(0, expected - left);
    plan();
  }

  function extend(): void {
    if (nats.isClosed()) return;
    for (const { reply, since } of held.values()) if (since < extensions) nats.publish(reply, GOES_ON);
    extensions += 1;
  }

  function every(ms: number, work: () => void): void {
    timers.add(
      scheduler.schedule(function again(this: { schedule(state: undefined, delay: number): unknown }) {
        work();
        if (!hasEnded) this.schedule(undefined, ms);
      }, ms),
    );
  }

  function broken(why: string): void {
    if (hasEnded) return;
    const text = `the consumer ${durable} of the stream ${stream} on ${link.address} does not serve: ${why}`;
    onBroken(new AraldoError('connection-lost', text));
  }
}

/**
 * An id that a message was published with is its own; else it is the position in the stream. Either stays when it is
 * delivered again.
 */
function metaOf(lane: Lane, subject: string, delivery: Delivery, block: HeaderBlock | undefined): Meta {
  const { stream, sequence, deliveries, timestamp } = delivery;
  return {
    ...lane.meta,
    id: `${lane.meta.endpoint}/${stream}-${sequence}`,
    timestamp,
    ...(block !== undefined && metaOfHeaders(block)),
    subject,
    sequence,
    ...(deliveries > 1 && { deliveries }),
  };
}

/** That the connection ends while it drains is told by the link. */
function ignore(): void {}
