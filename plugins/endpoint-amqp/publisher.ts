/** Publishes on one confirm channel: the messages of a turn in one write, many unconfirmed at a time. */
import type { ConfirmChannel, Message as Returned } from 'amqplib/callback_api';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import { found } from '../../src/options/found.ts';
import type { Connection } from './connection.ts';
import { carried } from './header-names.ts';
import { createInFlight } from './in-flight.ts';
import { propertiesOf } from './properties.ts';
import { isAllowed, type Outlet } from './settings.ts';

/** What RabbitMQ may have of us unconfirmed. What waits in the channel and the socket is part of it. */
const MOST_MESSAGES = 8_192;
const MOST_BYTES = 8 * 1024 * 1024;

export interface PublisherOptions {
  readonly connection: Pick<Connection, 'cork' | 'uncork'>;
  readonly channel: ConfirmChannel;
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
  /** RabbitMQ has an alarm and reads nothing, or reads again. */
  block(isBlocked: boolean): void;
  /** Takes no more, and resolves when all is confirmed, or the connection is lost. */
  finish(): Promise<void>;
  /** Resolves when all is confirmed, or the connection is lost. */
  settled(): Promise<void>;
  /** The connection is gone. */
  forget(): void;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { connection, channel, outlet, scheduler, onWritable, onUnavailable } = options;
  const inFlight = createInFlight();
  let isCorked = false;
  /** By the bounds above, by the channel's own buffer, by an alarm of RabbitMQ. */
  let isFull = false;
  let isChoked = false;
  let isBlocked = false;
  let isFinishing = false;
  let isOver = false;
  /** As many as there are callers of `settled` that wait: a drain and a close at most. */
  let waiting: (() => void)[] = [];

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

  return {
    get isWritable() {
      return canWrite();
    },
    publish,
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
    return !isFull && !isChoked && !isBlocked && !isFinishing && !isOver;
  }

  function publish(message: Message, bytes: Uint8Array, ticket: number, sender: Sender): void {
    if (isOver) return;
    const routingKey = routingKeyOf(message);
    const properties = propertiesOf(message, outlet);
    cork();
    // amqplib throws before it has written anything, and the message fails: of headers that are too large for it.
    isChoked = !channel.publish(outlet.exchange, routingKey, asBuffer(bytes), properties);
    inFlight.add({ sender, ticket, id: message.id, size: bytes.byteLength });
    if (inFlight.count >= MOST_MESSAGES || inFlight.bytes >= MOST_BYTES) isFull = true;
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
    if (inFlight.count === 0 || isOver) return Promise.resolve();
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
