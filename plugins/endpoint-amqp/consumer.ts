/** Reads one queue on one channel: hands over what RabbitMQ delivers, and tells it what became of that. */
import type { Channel, ConsumeMessage, Message as Delivery } from 'amqplib/callback_api';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Message, Meta, Status } from '../../src/core/message.ts';
import { Wire } from '../../src/core/wire.ts';
import type { Connection } from './connection.ts';
import { createMetaReader } from './meta-reader.ts';

export interface ConsumerOptions {
  readonly connection: Pick<Connection, 'ask'>;
  readonly channel: Channel;
  readonly queue: string;
  readonly prefetch: number;
  readonly lane: Lane;
  /** What a delivery says is read by this before it is handed over. */
  readonly metaAs?: ((meta: Meta) => Meta) | undefined;
  readonly scheduler: SchedulerLike;
  /** RabbitMQ ended it, as it does when the queue is deleted. */
  readonly onCancelled: (error: AraldoError) => void;
}

export interface Consumer {
  /** Resolves when RabbitMQ delivers; messages may come before. */
  start(): Promise<void>;
  settled(root: Message, status: Status): void;
  /** Takes no more; what was delivered and not handed over goes back when the channel closes. */
  stop(): void;
  /** Tells RabbitMQ what became of messages, now. Called by itself once a turn. */
  flush(): void;
  /** The connection is gone: there is nobody to tell. */
  forget(): void;
}

/**
 * Withholding acks is all the pausing there is: RabbitMQ delivers no more than `prefetch` messages ahead of them. The
 * socket is never paused, so its heartbeats and answers are read at any time.
 *
 * Acks leave once a turn. Those below the oldest open delivery are one `basic.ack` with `multiple`.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { connection, channel, queue, prefetch, lane, scheduler, onCancelled, metaAs = same } = options;
  const metaOf = createMetaReader(lane.meta);
  /** Delivery tags that RabbitMQ waits for, the oldest first: `prefetch` at most, as are the four lists together. */
  const open = new Set<number>();
  let acked: number[] = [];
  let nacked: number[] = [];
  let rejected: number[] = [];
  let repeated: Message[] = [];
  /** Whether RabbitMQ counts the deliveries of this queue. Classic queues only tell the first from others. */
  let isCounted = true;
  let consumerTag = '';
  let isFlushing = false;
  let isOver = false;
  let isStopped = false;

  return { start, settled, stop, flush, forget };

  async function start(): Promise<void> {
    await connection.ask('to set the prefetch', (done) => channel.prefetch(prefetch, false, done));
    const answer = await connection.ask<{ readonly consumerTag: string }>(`to read queue ${queue}`, (done) =>
      channel.consume(queue, delivered, {}, done),
    );
    consumerTag = answer.consumerTag;
    if (isStopped) stop();
  }

  function delivered(message: ConsumeMessage | null): void {
    if (isOver) return;
    if (message === null) {
      onCancelled(
        new AraldoError('connection-lost', `queue ${queue} was deleted, or its consumer was cancelled`),
      );
      return;
    }
    if (isStopped) return;
    const { deliveryTag } = message.fields;
    const meta = metaOf(message);
    if (message.fields.redelivered) isCounted = meta.isCounted;
    open.add(deliveryTag);
    lane.receiveBytes(Wire.of(message.content), metaAs(meta.meta), deliveryTag);
  }

  function settled(root: Message, status: Status): void {
    if (isOver) return;
    if (status === 'ack') acked.push(root.sequence);
    else if (status === 'reject') rejected.push(root.sequence);
    else if (isCounted || isStopped) nacked.push(root.sequence);
    else repeated.push(root);
    schedule();
  }

  function schedule(): void {
    if (isFlushing) return;
    isFlushing = true;
    scheduler.schedule(() => {
      isFlushing = false;
      flush();
    });
  }

  function flush(): void {
    if (isOver) return;
    giveBack();
    repeat();
    if (acked.length > 0) acknowledge();
  }

  function giveBack(): void {
    const requeued = nacked;
    const refused = rejected;
    nacked = [];
    rejected = [];
    for (const tag of requeued) {
      open.delete(tag);
      channel.nack(deliveryOf(tag), false, true);
    }
    // Not acked: the queue may have a dead-letter exchange of its own.
    for (const tag of refused) {
      open.delete(tag);
      channel.nack(deliveryOf(tag), false, false);
    }
  }

  /** Where nobody else counts deliveries a message would come back for ever: it is delivered again from here. */
  function repeat(): void {
    const roots = repeated;
    repeated = [];
    for (const root of roots) {
      const deliveries = (root.meta.deliveries ?? 1) + 1;
      if (isStopped || root.wire === undefined) {
        open.delete(root.sequence);
        channel.nack(deliveryOf(root.sequence), false, true);
      } else {
        lane.receiveBytes(root.wire, { ...root.meta, id: root.id, deliveries }, root.sequence);
      }
    }
  }

  function acknowledge(): void {
    const tags = acked;
    acked = [];
    for (const tag of tags) open.delete(tag);
    const [oldest = Number.POSITIVE_INFINITY] = open;
    let floor = 0;
    for (const tag of tags) {
      if (tag > oldest) channel.ack(deliveryOf(tag), false);
      else if (tag > floor) floor = tag;
    }
    // All below the oldest open one is settled, and told or in this list: RabbitMQ takes it in one.
    if (floor > 0) channel.ack(deliveryOf(floor), true);
  }

  function stop(): void {
    isStopped = true;
    if (isOver || consumerTag === '') return;
    const tag = consumerTag;
    consumerTag = '';
    channel.cancel(tag);
  }

  function forget(): void {
    isOver = true;
    open.clear();
  }
}

function same(meta: Meta): Meta {
  return meta;
}

/** All that amqplib reads of a message to settle it. */
function deliveryOf(deliveryTag: number): Delivery {
  return { fields: { deliveryTag } } as Delivery;
}
