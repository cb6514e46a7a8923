// The examples of docs/request-reply.md, as they stand there, with real servers and answers by each system's own client.
// They use the servers of the matrix, which take seconds to start.

import { readFileSync } from 'node:fs';
import { connect as connectNats, headers as natsHeaders } from '@nats-io/transport-node';
import { connect as connectAmqp } from 'amqplib';
import { Redis } from 'ioredis';
import { connectAsync } from 'mqtt';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { connect } from '../support/peer.ts';
import { serve, type TestServer, until } from '../support/server.ts';
import type { Addresses } from './world.ts';

const page = readFileSync(new URL('../../../docs/request-reply.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n(plugins:[^`]*)```/g)].map(([, text = '']) => text);

/** The example below the heading that says this, with every route open. */
async function example(heading: string, addresses: Addresses): Promise<TestServer> {
  const place = page.slice(0, page.indexOf(heading)).match(/```yaml\nplugins:/g)?.length ?? 0;
  const text = (examples[place] ?? '').replace(
    /\$\{(\w+)\}/g,
    (_all, name: string) => addresses[name as keyof Addresses] ?? '',
  );
  const araldo = await serve(parse(text) as Record<string, unknown>);
  await until('it is ready', async () => (await araldo.get('/readyz')).ok);
  return araldo;
}

/** An RPC server of RabbitMQ: it answers as anybody's does. */
async function startWorker(url: string, work: (task: string) => string): Promise<AsyncDisposable> {
  const client = await connectAmqp(url);
  const channel = await client.createChannel();
  await channel.consume('work', (message) => {
    const { replyTo, correlationId, contentType } = message!.properties;
    const answer = Buffer.from(work(message!.content.toString()));
    channel.sendToQueue(String(replyTo), answer, { correlationId, contentType });
    channel.ack(message!);
  });
  return { [Symbol.asyncDispose]: () => client.close() };
}

/** @param addresses asked within the tests, when the servers run */
export function testRequests(addresses: () => Addresses): void {
  it('a browser asks a worker behind RabbitMQ, and it alone gets the answer', async () => {
    await using araldo = await example('## A browser asks', addresses());
    await using _worker = await startWorker(addresses().AMQP, (task) => `done ${task}`);
    const peers = await Promise.all([1, 2, 3].map(() => connect(araldo.port, '/ask')));
    for (const [place, peer] of peers.entries()) for (const n of [1, 2]) peer.send(`${place}/${n}`);
    for (const [place, peer] of peers.entries())
      expect(new Set(await peer.has(2))).toEqual(new Set([`done ${place}/1`, `done ${place}/2`]));
    expect(araldo.server.endpoint('browsers').requests?.counts).toMatchObject({ answered: 6, waiting: 0 });
    for (const peer of peers) peer[Symbol.dispose]();
  });

  it('a page asks the same worker several things at a time, and tells the answers apart by ids of its own', async () => {
    await using araldo = await example('## A page asks', addresses());
    await using _worker = await startWorker(addresses().AMQP, (task) => {
      const { price } = JSON.parse(task) as { price: string };
      return JSON.stringify(`that ${price}`);
    });
    const peers = await Promise.all([1, 2].map(() => connect(araldo.port, '/ask')));
    const things = ['of tea', 'of bread', 'of salt'];
    for (const peer of peers)
      for (const [place, price] of things.entries())
        peer.send(JSON.stringify({ meta: { correlationId: `${place}` }, payload: { price } }));
    for (const peer of peers) {
      const answers = (await peer.has(3)).map(
        (text) => JSON.parse(String(text)) as { meta: { correlationId: string }; payload: string },
      );
      const byId = new Map(answers.map(({ meta, payload }) => [meta.correlationId, payload]));
      expect(byId).toEqual(new Map(things.map((price, place) => [`${place}`, `that ${price}`])));
      peer[Symbol.dispose]();
    }
  });

  it('an RPC over RabbitMQ is answered by a NATS service, in the queue and with the id of the one that asked', async () => {
    await using araldo = await example('## An RPC over', addresses());
    const service = await connectNats({ servers: addresses().NATS });
    const subscription = service.subscribe('double', {
      callback(_error, message) {
        const headers = natsHeaders();
        headers.set('correlation-id', message.headers?.get('correlation-id') ?? '');
        message.respond(String(Number(message.string()) * 2), { headers });
      },
    });
    await service.flush();
    const client = await connectAmqp(addresses().AMQP);
    const channel = await client.createChannel();
    const answers: string[] = [];
    const note = (message: { properties: { correlationId?: unknown }; content: Buffer } | null): void => {
      answers.push(`${String(message?.properties.correlationId)}: ${message?.content.toString()}`);
    };
    const direct = 'amq.rabbitmq.reply-to';
    await channel.consume(direct, note, { noAck: true });
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.consume(queue, note, { noAck: true });
    channel.sendToQueue('rpc', Buffer.from('1'), { replyTo: direct, correlationId: 'mine' });
    channel.sendToQueue('rpc', Buffer.from('2'), { replyTo: queue, correlationId: 'mine too' });
    await until('both are answered', () => answers.length === 2);
    expect(answers.toSorted()).toEqual(['mine too: 4', 'mine: 2']);
    // A queue that nobody has allowed is not answered to.
    await channel.assertQueue('payroll', { durable: false });
    channel.sendToQueue('rpc', Buffer.from('3'), { replyTo: 'payroll', correlationId: 'x' });
    await until('it is dropped', () =>
      araldo.metric('araldo_leg_discarded_total', { route: 'answers', reason: 'no-request' }),
    );
    expect(await channel.checkQueue('payroll')).toMatchObject({ messageCount: 0 });
    subscription.unsubscribe();
    await Promise.all([client.close(), service.close()]);
  });

  it('an HTTP request waits for an answer in a Redis stream, and gets its own correlation id back', async () => {
    await using araldo = await example('## An HTTP request', addresses());
    const post = (body: string) =>
      fetch(`http://127.0.0.1:${araldo.port}/ask`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'text/plain', 'correlation-id': `their ${body}` },
      });
    const asked = Promise.all(['a', 'b', 'c'].map(post));
    using worker = Object.assign(new Redis(addresses().REDIS), {
      [Symbol.dispose]() {
        worker.disconnect();
      },
    });
    await until('all are asked', async () => (await worker.xlen('questions')) === 3);
    const entries = await worker.xrange('questions', '-', '+');
    // The last one first: each finds its own way.
    for (const [, fields] of entries.toReversed()) {
      const entry = Object.fromEntries(fields.map((one, at) => [one, fields[at + 1] ?? '']));
      await worker.xadd(
        entry['reply-to'] ?? '',
        '*',
        ...['payload', `answer ${entry['payload']}`, 'correlation-id', entry['correlation-id'] ?? ''],
      );
    }
    const responses = await asked;
    expect(await Promise.all(responses.map((one) => one.text()))).toEqual([
      'answer a',
      'answer b',
      'answer c',
    ]);
    expect(responses.map(({ headers }) => headers.get('correlation-id'))).toEqual([
      'their a',
      'their b',
      'their c',
    ]);
  });

  it('a NATS request is answered by a device on MQTT, by its response topic and correlation data', async () => {
    await using araldo = await example('## A NATS request', addresses());
    const device = await connectAsync(addresses().MQTT, { protocolVersion: 5 });
    await device.subscribeAsync('device/ask');
    device.on('message', (_topic, payload, { properties }) => {
      const { responseTopic = '', correlationData = Buffer.alloc(0) } = properties ?? {};
      device.publish(responseTopic, `on since ${payload.toString()}`, { properties: { correlationData } });
    });
    const client = await connectNats({ servers: addresses().NATS });
    const answers = await Promise.all(
      ['may', 'june'].map((month) => client.request('device.status', month, { timeout: 60_000 })),
    );
    expect(answers.map((answer) => answer.string())).toEqual(['on since may', 'on since june']);
    expect(araldo.server.endpoint('service').requests?.counts).toMatchObject({ answered: 2, waiting: 0 });
    await Promise.all([client.close(), device.endAsync()]);
  });
}
