// JetStream at one end of a pair: file storage, so that what it has acknowledged survives its process.
//
// nats-server writes how far a consumer is some ten times a second, and not with each ack, and over what it wrote before:
// killed at any moment it brings again by itself what was acknowledged to it, and all of the stream when it is killed while
// it writes. So the source is killed when it has written, while its connections are silent: with messages and acks on their
// way in all directions, and none that it took and forgot. And as a sink it keeps a message once that is published twice
// under one id.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { faultProxy } from '../../../src/testing/index.ts';
import { startNats } from '../../servers/nats.ts';
import { until } from '../support/server.ts';
import type { DurableSystem } from './durable-system.ts';
import { versionOf } from './version-of.ts';

const ANSWER_WITHIN_MS = 10_000;

/** It writes a tenth of a second after the last time at the latest. */
const QUIET_MS = 300;

export async function jetstreamSystem(): Promise<DurableSystem> {
  const server = await startNats();
  const proxy = await faultProxy({ to: { port: server.port } });
  const url = `nats://127.0.0.1:${proxy.port}`;
  let client: NatsConnection | undefined;
  /** What the server pushes; a new one with each connection, from where the last one ended. */
  let pushed: Msg[] = [];
  let lastSequence = 0;
  let isRead = false;

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

  const writtenMs = (): number =>
    statSync(join(server.folder, 'jetstream', '$G', 'streams', 'IN', 'obs', 'd', 'o.dat'), {
      throwIfNoEntry: false,
    })?.mtimeMs ?? 0;

  return {
    name: 'jetstream',
    version: versionOf('nats-server', ['--version'], /v([\d.]+)/),
    proxy,
    source() {
      isRead = true;
      return { id: 'endpoint-jetstream', url, stream: 'IN', durable: 'd', 'ack-wait': '5s' };
    },
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
    async kill() {
      if (!isRead) return server.kill();
      proxy.set({ silence: true });
      const silentMs = Date.now();
      const isWritten = (): boolean => Date.now() - Math.max(silentMs, writtenMs()) > QUIET_MS;
      await until('nats-server has written how far its consumer is', isWritten);
      await server.kill();
    },
    async restart() {
      await server.restart();
      proxy.clear();
      proxy.reset();
    },
    async [Symbol.asyncDispose]() {
      await client?.close();
      await proxy.stop();
      await server.stop();
    },
  };
}
