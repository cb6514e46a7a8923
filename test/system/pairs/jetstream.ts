// JetStream at one end of a pair: file storage, so that what it has acknowledged survives its process.
//
// A killed nats-server brings again by itself what was acknowledged to it, be it all of the stream: it writes how far a
// consumer is some ten times a second, and over what it wrote before. An araldo that lives on knows what it had. And as a
// sink it keeps a message once that is published twice under one id.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { faultProxy } from '../../../src/testing/index.ts';
import { startNats } from '../../servers/nats.ts';
import type { DurableSystem } from './durable-system.ts';
import { versionOf } from './version-of.ts';

const ANSWER_WITHIN_MS = 10_000;

export async function jetstreamSystem(): Promise<DurableSystem> {
  const server = await startNats();
  const proxy = await faultProxy({ to: { port: server.port } });
  const url = `nats://127.0.0.1:${proxy.port}`;
  let client: NatsConnection | undefined;
  /** What the server pushes; a new one with each connection, from where the last one ended. */
  let pushed: Msg[] = [];
  let lastSequence = 0;

  const connected = async (): Promise<NatsConnection> => {
    if (client !== undefined && !client.isClosed()) return client;
    const made = await connect({ servers: server.url, reconnect: false });
    client = made;
    pushed = [];
    const inbox = createInbox();
    made.subscribe(inbox, {
      callback: (error, message) => {
        if (error === null && client === made) pushed.push(message);
      },
    });
    const config = {
      deliver_subject: inbox,
      ack_policy: 'none',
      deliver_policy: 'by_start_sequence',
      opt_start_seq: lastSequence + 1,
    };
    const request = JSON.stringify({ stream_name: 'OUT', config });
    await made.request('$JS.API.CONSUMER.CREATE.OUT', request, { timeout: ANSWER_WITHIN_MS });
    return made;
  };

  const first = await connect({ servers: server.url });
  const manager = await jetstreamManager(first);
  await manager.streams.add({ name: 'IN', subjects: ['in'] });
  await manager.streams.add({ name: 'OUT', subjects: ['out'] });
  await first.close();

  return {
    name: 'jetstream',
    version: versionOf('nats-server', ['--version'], /v([\d.]+)/),
    proxy,
    source: () => ({ id: 'endpoint-jetstream', url, stream: 'IN', durable: 'd', 'ack-wait': '5s' }),
    sink: () => ({ id: 'endpoint-jetstream', url, publish: 'out', stream: 'OUT' }),
    async put(payloads) {
      try {
        const outlet = jetstream(await connected());
        const answers = payloads.map((payload) =>
          outlet.publish('in', payload, { timeout: ANSWER_WITHIN_MS, retries: 1 }),
        );
        return (await Promise.allSettled(answers)).map(({ status }) => status === 'fulfilled');
      } catch {
        return payloads.map(() => false);
      }
    },
    async read({ came }) {
      try {
        await connected();
      } catch {
        // It is down; the next call reads on.
        return;
      }
      for (const message of pushed.splice(0)) {
        // $JS.ACK.<stream>.<consumer>.<delivered>.<sequence in the stream>.…
        const sequence = Number(message.reply?.split('.')[5]);
        if (sequence !== lastSequence + 1) throw new Error(`read ${sequence} after ${lastSequence} of OUT`);
        lastSequence = sequence;
        came(Buffer.from(message.data));
      }
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    async [Symbol.asyncDispose]() {
      await client?.close();
      await proxy.stop();
      await server.stop();
    },
  };
}
