/** Publishes on one confirm channel: the messages of a turn in one write, many unconfirmed at a time. */
import type { ConfirmChannel, Message as Returned } from 'amqplib/callback_api';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import { found } from '../../src/options/found.ts';
import type { Connection } from './connection.ts';
import { type Culprit, culpritOf, tooLarge } from './culprit.ts';
import { carried } from './header-names.ts';
import { createInFlight, type Published } from './in-flight.ts';
import { propertiesOf } from './properties.ts';
import { isAllowed, type Outlet } from './settings.ts';

/** What RabbitMQ may have of us unconfirmed. What waits in the channel and the socket is part of it. */
const MOST_MESSAGES = 8_192;
const MOST_BYTES = 8 * 1024 * 1024;

/** So many routing keys that RabbitMQ has refused are refused here, each for so long: then it is asked again. */
const MOST_REFUSED = 1_024;
const REFUSED_MS = 10_000;

export interface PublisherOptions {
  readonly connection: Pick<Connection, 'cork' | 'uncork'>;
  readonly channel: ConfirmChannel;
  /** Another channel on the same connection. */
  readonly reopen: () => Promise<ConfirmChannel>;
  readonly outlet: Outlet;
  readonly scheduler: SchedulerLike;
  /** It takes messages again. */
  readonly onWritable: () => void;
  /** Nothing can be confirmed any more. */
  readonly onUnavailable: (error: AraldoError) => void;
}

export interface Publisher {
  readonly isWritable: boolean;
  /** Throws an `AraldoError` where it is the message's own fault. */
  publish(message: Message, bytes: Uint8Array, ticket: number, sender: Sender): void;
  /** RabbitMQ has closed the channel; `false` where it is not over a message, and the endpoint is broken. */
  channelClosed(reason: Error): boolean;
  /** RabbitMQ has an alarm and reads nothing, or reads again. */
  block(isBlocked: boolean): void;
  /** Takes no more, and resolves when all is confirmed, or the connection is lost. */
  finish(): Promise<void>;
  /** Resolves when all is confirmed, or the connection is lost. */
  settled(): Promise<void>;
  /** The connection is gone. */
  forget(): void;
}

/** Kept until it is confirmed, as the leg keeps it: over another message it may have to be published again. */
interface Kept extends Published {
  readonly message: Message;
  readonly bytes: Uint8Array;
  readonly routingKey: string;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { connection, reopen, outlet, scheduler, onWritable, onUnavailable } = options;
  const inFlight = createInFlight<Kept>();
  let { channel } = options;
  let isCorked = false;
  /** By the bounds above, by the channel's own buffer, by an alarm of RabbitMQ. */
  let isFull = false;
  let isChoked = false;
  let isBlocked = false;
  let isFinishing = false;
  let isOver = false;
  /** Between the end of a channel and the last confirmation of what is published again on the next one. */
  let isRepeating = false;
  /** To be published again, the oldest first: at most what may be unconfirmed. */
  let again: Kept[] = [];
  /** One at a time, so that RabbitMQ closes the channel over that one and no other. */
  let isOneByOne = false;
  let mostBytes = Number.POSITIVE_INFINITY;
  /** By routing key, with what it is refused, and until when in milliseconds of the scheduler. */
  const refused = new Map<string, { readonly error: AraldoError; readonly untilMs: number }>();
  /** As many as there are callers of `settled` that wait: a drain and a close at most. */
  let waiting: (() => void)[] = [];

  listen();

  return {
    get isWritable() {
      return canWrite();
    },
    publish,
    channelClosed,
    block(blocked) {
      isBlocked = blocked;
      tellWritable();
    },
    finish() {
      isFinishing = true;
      return settled();
    },
    settled,
    forget() {
      isOver = true;
      release();
    },
  };

  function canWrite(): boolean {
    return !isFull && !isChoked && !isBlocked && !isRepeating && !isFinishing && !isOver;
  }

  function listen(): void {
    channel.on('ack', ({ deliveryTag, multiple }) => {
      inFlight.confirm(deliveryTag, multiple);
      answered();
    });
    channel.on('nack', ({ deliveryTag, multiple }) => {
      inFlight.refuse(deliveryTag, multiple, ({ sender, ticket }) => {
        const text = 'RabbitMQ refused a message: a queue is full (x-overflow: reject-publish) or failed';
        sender.fail(ticket, new AraldoError('sink-rejected', `${text}, published to ${nameOf(outlet)}`));
      });
      answered();
    });
    channel.on('return', returned);
    channel.on('drain', () => {
      isChoked = false;
      tellWritable();
    });
  }

  function publish(message: Message, bytes: Uint8Array, ticket: number, sender: Sender): void {
    if (isOver) return;
    const routingKey = routingKeyOf(message);
    const size = bytes.byteLength;
    if (size > mostBytes) throw tooLarge(mostBytes);
    throwIfRefused(routingKey);
    send({ message, bytes, routingKey, ticket, sender, id: message.id, size });
    if (inFlight.count >= MOST_MESSAGES || inFlight.bytes >= MOST_BYTES) isFull = true;
  }

  function send(kept: Kept): void {
    const { message, bytes, routingKey } = kept;
    const properties = propertiesOf(message, outlet);
    cork();
    // amqplib throws before it has written anything, and the message fails: of headers that are too large for it.
    isChoked = !channel.publish(outlet.exchange, routingKey, asBuffer(bytes), properties);
    inFlight.add(kept);
  }

  /**
   * Whoever is to blame fails; the others are published again on a new channel, for their confirmations went with
   * the old one. RabbitMQ may have them already: they come twice then, as they do after a lost connection.
   */
  function channelClosed(reason: Error): boolean {
    const culprit = culpritOf(reason, nameOf(outlet));
    if (culprit === undefined || isOver || inFlight.count === 0) return false;
    const unconfirmed = inFlight.takeAll();
    const left = [...unconfirmed, ...again];
    isRepeating = true;
    remember(culprit);
    let guilty = culprit.has === undefined ? [] : left.filter(culprit.has);
    // Where RabbitMQ does not say which it was: whoever was alone.
    if (guilty.length === 0 && unconfirmed.length === 1) guilty = unconfirmed;
    isOneByOne ||= guilty.length === 0;
    const found = new Set(guilty);
    again = left.filter((kept) => !found.has(kept));
    for (const { sender, ticket } of guilty) sender.fail(ticket, culprit.error);
    void reopen().then(
      (opened) => {
        if (isOver) return;
        channel = opened;
        isChoked = false;
        listen();
        repeat();
      },
      (thrown: unknown) => {
        if (!isOver) onUnavailable(AraldoError.from(thrown, 'connection-lost'));
      },
    );
    return true;
  }

  /** Publishes again what may be published now; ends it when all is confirmed. */
  function repeat(): void {
    if (isOver) return;
    // Of more than one the channel's end would not say which it was.
    const count = isOneByOne && inFlight.count > 0 ? 0 : isOneByOne ? 1 : again.length;
    try {
      for (const kept of again.splice(0, count)) send(kept);
    } catch (thrown) {
      // It was taken before: what does not take it now is a channel that has ended again.
      onUnavailable(AraldoError.from(thrown, 'connection-lost'));
      return;
    }
    if (again.length > 0 || inFlight.count > 0) return;
    isRepeating = false;
    isOneByOne = false;
    isFull = false;
    release();
    tellWritable();
  }

  /** So that those to come cost no channel, and no message twice. */
  function remember({ error, mostBytes: most, routingKey }: Culprit): void {
    if (most !== undefined) mostBytes = most;
    if (routingKey === undefined) return;
    if (refused.size >= MOST_REFUSED) refused.clear();
    refused.set(routingKey, { error, untilMs: scheduler.now() + REFUSED_MS });
  }

  function throwIfRefused(routingKey: string): void {
    const known = refused.size === 0 ? undefined : refused.get(routingKey);
    if (known === undefined) return;
    if (scheduler.now() < known.untilMs) throw known.error;
    refused.delete(routingKey);
  }

  function routingKeyOf(message: Message): string {
    if (outlet.routingKeyFrom === undefined) return outlet.routingKey;
    const key = outlet.routingKeyFrom(message);
    if (typeof key !== 'string')
      throw new AraldoError('expression-failed', `expected text of routing-key-from, found ${found(key)}`);
    if (isAllowed(outlet, key)) return key;
    throw new AraldoError('sink-rejected', `the routing key ${found(key)} is none of routing-keys`);
  }

  /** Comes before the confirmation of the same message, which then finds it answered. */
  function returned({ fields, properties }: Returned): void {
    const id: unknown = properties.messageId ?? properties.headers?.[carried.id];
    const published = inFlight.takeReturned(String(id));
    const place = `${nameOf(outlet)} with routing key ${found(fields.routingKey)}`;
    if (published === undefined) {
      const text = `RabbitMQ returned a message that was not published to ${place}: something on the way changes ids`;
      onUnavailable(new AraldoError('connection-lost', text));
      return;
    }
    const cure = 'bind a queue, or state mandatory: false to have such messages dropped';
    published.sender.fail(
      published.ticket,
      new AraldoError('unroutable', `no queue takes what is published to ${place}: ${cure}`),
    );
    answered();
  }

  function answered(): void {
    if (isRepeating) return repeat();
    if (inFlight.count === 0) release();
    // Half empty before it takes more, or each answer would let a single message in.
    if (!isFull || inFlight.count > MOST_MESSAGES / 2 || inFlight.bytes > MOST_BYTES / 2) return;
    isFull = false;
    tellWritable();
  }

  function tellWritable(): void {
    if (canWrite()) onWritable();
  }

  function settled(): Promise<void> {
    if ((inFlight.count === 0 && !isRepeating) || isOver) return Promise.resolve();
    return new Promise((resolve) => waiting.push(resolve));
  }

  function release(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }

  /** amqplib writes what was published in a turn when the turn ends, message by message. */
  function cork(): void {
    if (isCorked) return;
    isCorked = true;
    connection.cork();
    scheduler.schedule(() => {
      isCorked = false;
      connection.uncork();
    });
  }
}

export function nameOf({ exchange, routingKey }: Outlet): string {
  return exchange === '' ? `queue ${routingKey}` : `exchange ${exchange}`;
}

/** amqplib takes Buffers for bytes, and nothing else. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
