// RabbitMQ at one end of a pair: quorum queues and persistent messages, confirmed when they are on disk.
//
// A killed RabbitMQ brings again what it had handed to the reader, and some of what that had acknowledged, and marks it as
// redelivered: that is not araldo's doing, and is counted only where it has not come before.

import { type Channel, type ChannelModel, connect, type Message } from 'amqplib';
import { faultProxy } from '../../../src/testing/index.ts';
import { startRabbitmq } from '../../servers/rabbitmq.ts';
import type { DurableSystem } from './durable-system.ts';

/** A server that is just starting may take a connection and say nothing. */
const ANSWER_WITHIN_MS = 5_000;

const PREFETCH = 2_000;

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

interface Connected {
  readonly client: ChannelModel;
  /** What is read and not handed over. */
  readonly arrived: Message[];
  readonly channel: Channel;
}

export async function amqpSystem(): Promise<DurableSystem> {
  const server = await startRabbitmq();
  const proxy = await faultProxy({ to: { port: server.port } });
  const url = `amqp://127.0.0.1:${proxy.port}`;
  let current: Promise<Connected> | undefined;
  let attempts = 0;
  /** Until it has started again: it takes connections before it answers on all of them. */
  let isDown = false;

  const connected = (): Promise<Connected> => {
    if (isDown) return Promise.reject(new Error('RabbitMQ is down'));
    current ??= within(open()).catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  };

  const open = async (): Promise<Connected> => {
    const client = await connect(server.url, { timeout: ANSWER_WITHIN_MS });
    client.on('error', () => undefined);
    const arrived: Message[] = [];
    const attempt = (attempts += 1);
    client.on('close', () => {
      if (attempt === attempts) current = undefined;
    });
    try {
      const channel = await client.createChannel();
      channel.on('error', () => undefined);
      await channel.assertQueue('in', quorum);
      await channel.assertQueue('out', quorum);
      await channel.prefetch(PREFETCH);
      await channel.consume('out', (message) => {
        if (message !== null) arrived.push(message);
      });
      return { client, channel, arrived };
    } catch (error) {
      // Two that read would share what there is.
      void client.close().catch(() => undefined);
      throw error;
    }
  };
  await connected();
  const version = (await server.control('version')).trim();

  return {
    name: 'amqp',
    version,
    proxy,
    source: () => ({ id: 'endpoint-amqp', url, queue: 'in' }),
    sink: () => ({ id: 'endpoint-amqp', url, 'to-queue': 'out' }),
    async put(payloads) {
      const isConfirmed = payloads.map(() => false);
      try {
        const { client } = await connected();
        const channel = await client.createConfirmChannel();
        channel.on('error', () => undefined);
        const { promise: isOver, resolve } = Promise.withResolvers<void>();
        // The connection's, too: a channel whose connection is gone may never say so.
        channel.once('close', resolve);
        client.once('close', resolve);
        let open = payloads.length;
        for (const [at, payload] of payloads.entries())
          channel.sendToQueue('in', payload, { persistent: true }, (error: unknown) => {
            isConfirmed[at] = error === null || error === undefined;
            open -= 1;
            if (open === 0) resolve();
          });
        await isOver;
        client.removeListener('close', resolve);
        void channel.close().catch(() => undefined);
      } catch {
        // What was not confirmed until now is not.
      }
      return isConfirmed;
    },
    async read({ came, again }) {
      let now: Connected;
      try {
        now = await connected();
      } catch {
        // It is down; the next call reads on.
        return;
      }
      const some = now.arrived.splice(0);
      for (const { content, fields } of some) (fields.redelivered ? again : came)(content);
      try {
        const last = some.at(-1);
        if (last !== undefined) now.channel.ack(last, true);
      } catch {
        // It is down meanwhile: they come again.
      }
    },
    kill() {
      isDown = true;
      return server.kill();
    },
    async restart() {
      await server.restart();
      isDown = false;
    },
    async [Symbol.asyncDispose]() {
      await (await current?.catch(() => undefined))?.client.close().catch(() => undefined);
      await proxy.stop();
      await server.stop();
    },
  };
}

/** Rejects when it takes too long: a connection whose queue is not ready yet may never hear of it. */
async function within<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('RabbitMQ does not answer')), ANSWER_WITHIN_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
