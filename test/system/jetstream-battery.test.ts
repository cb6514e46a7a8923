import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll } from 'vitest';
import { plugin } from '../../plugins/endpoint-jetstream/index.ts';
import type { BatteryWorld, OutsideMessage, ServerAddress } from '../../src/testing/battery-world.ts';
import { type NatsServer, startNats } from '../servers/nats.ts';
import { describeWith } from '../servers/requires.ts';
import { playBattery } from './support/play-battery.ts';

/** What waits for real seconds; jetstream.test.ts has a shorter form of each. */
const isSlow = /killed|cut under load|half-open|says once/;

/** What the test itself has at the server, made again after a kill. */
interface Outside {
  readonly client: NatsConnection;
  readonly manager: JetStreamManager;
}

describeWith(['nats-server'], 'endpoint-jetstream', () => {
  let nats: NatsServer;
  let outside: Outside | undefined;
  let places = 0;

  const reach = async (): Promise<Outside> => {
    if (outside !== undefined && !outside.client.isClosed()) return outside;
    const client = await connect({
      servers: nats.url,
      reconnect: false,
      user: 'admin',
      pass: 'right-password',
    });
    outside = { client, manager: await jetstreamManager(client) };
    return outside;
  };
  beforeAll(async () => {
    nats = await startNats({
      config:
        'no_auth_user: open\naccounts { A { jetstream: enabled, users: [ { user: open, password: open }, { user: admin, password: "right-password" } ] } }',
    });
  });
  afterAll(async () => {
    await outside?.client.close();
    await nats?.stop();
  });

  async function start(): Promise<BatteryWorld> {
    places += 1;
    const [source, sink] = [`IN${places}`, `OUT${places}`];
    const { manager } = await reach();
    await manager.streams.add({ name: source, subjects: [`in${places}.>`] });
    await manager.streams.add({ name: sink, subjects: [`out${places}.>`] });
    const subject = `in${places}.a`;
    const target = `out${places}.a`;
    const at = ({ host, port }: ServerAddress) => ({
      url: `nats://${host}:${port}`,
      ping: { every: '300ms', timeout: '500ms' },
    });
    return {
      plugin,
      server: { host: '127.0.0.1', port: nats.port },
      source: (address) => ({ ...at(address), stream: source, durable: 'd', 'ack-wait': '1s' }),
      sink: (address) => ({ ...at(address), publish: target, stream: sink }),
      loop: (address) => ({ ...at(address), stream: sink, durable: 'loop' }),
      refusals: (address) => [
        {
          what: 'wrong password',
          options: {
            ...at(address),
            url: at(address).url.replace('//', '//admin:wrong-password@'),
            publish: target,
          },
          says: /Authorization Violation; check the user and the password in url/,
          secret: 'wrong-password',
        },
        {
          what: 'a stream that is not there',
          options: { ...at(address), stream: 'NOWHERE', durable: 'd' },
          says: /has no stream NOWHERE/,
        },
      ],
      async put(messages) {
        const { client } = await reach();
        for (const message of messages) await request(client, subject, message);
      },
      async taken() {
        const { manager: ours } = await reach();
        const { state } = await ours.streams.info(sink);
        const all: OutsideMessage[] = [];
        for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
          const stored = await ours.streams.getMessage(sink, { seq });
          if (stored === null) continue;
          const own: Record<string, string> = {};
          for (const [name, [value = '']] of stored.header)
            if (!/^(nats|araldo)-/i.test(name)) own[name] = value;
          all.push({ payload: stored.data, headers: own });
        }
        return all;
      },
      kill: () => nats.kill(),
      restart: () => nats.restart(),
      cannot: {
        'brings again what was not settled, under its id':
          'a server before 2.10 mislays one of those that are given back while nobody waits, until ack-wait is over',
      },
      carries: ['key', 'headers', 'contentType', 'correlationId', 'replyTo', 'timestamp'],
    };
  }

  playBattery('endpoint-jetstream', { start }, { deep: isSlow });
});

/** Resolves when the stream has it. */
async function request(client: NatsConnection, subject: string, message: OutsideMessage): Promise<void> {
  const made = headers();
  for (const [name, value] of Object.entries(message.headers ?? {})) made.append(name, value);
  for (;;) {
    const answer = await client.request(subject, message.payload, { timeout: 60_000, headers: made });
    if (answer.json<{ error?: unknown }>().error === undefined) return;
    await sleep(20);
  }
}
