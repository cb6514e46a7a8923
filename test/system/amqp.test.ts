// endpoint-amqp against a real RabbitMQ: one for the whole file, as it takes seconds to start.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-amqp/index.ts';
import { Message } from '../../src/core/message.ts';
import type { BatteryWorld } from '../../src/testing/battery-world.ts';
import { endpointBattery } from '../../src/testing/endpoint-battery.ts';
import { hasOpenssl } from '../certificate.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { type RabbitmqServer, startRabbitmq } from '../servers/rabbitmq.ts';
import { describeWith } from '../servers/requires.ts';
import { type Certificates, deployedWith, makeCertificates, testAsDeployed } from './amqp/as-deployed.ts';
import { outcome } from './support/outcome.ts';

const run = promisify(execFile);
const isDeep = Number(process.env['ARALDO_RUNS'] ?? 0) > 1_000;

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();
const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `message ${n}`);

describeWith(['rabbitmq-server', 'amqp-tools'], 'endpoint-amqp', () => {
  let rabbitmq: RabbitmqServer;
  let client: ChannelModel;
  /** What looks at queues beside araldo. */
  let beside: Channel;
  let names = 0;
  /** A name that no other test has. */
  const fresh = (): string => `place ${(names += 1)}`;

  const meet = async (): Promise<void> => {
    client = await connect(rabbitmq.url);
    client.on('error', () => {});
    beside = await client.createChannel();
    beside.on('error', () => {});
  };
  let certificates: Certificates | undefined;
  beforeAll(async () => {
    certificates = hasOpenssl ? makeCertificates() : undefined;
    rabbitmq = await startRabbitmq(certificates && deployedWith(certificates));
    await meet();
  });
  afterAll(async () => {
    await client?.close().catch(() => {});
    await rabbitmq?.stop();
    certificates?.[Symbol.dispose]();
  });

  /** An endpoint on this RabbitMQ, open. */
  async function open(options: object, more?: MountOptions): Promise<Mounted> {
    const it = await mount(plugin, { url: rabbitmq.url, ...options }, more);
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }

  /** A source whose messages are settled by `route`, in place of at once. */
  async function reading(
    options: object,
    route: (message: Message, place: number) => void,
    more?: MountOptions,
  ): Promise<Mounted & { readonly emitted: readonly Message[] }> {
    const it = await mount(plugin, { url: rabbitmq.url, ...options }, more);
    const emitted: Message[] = [];
    it.endpoint.messages.subscribe((root) => {
      const message = root.claim();
      emitted.push(message);
      route(message, emitted.length - 1);
    });
    await it.until(() => it.endpoint.state === 'open');
    return Object.assign(it, { emitted });
  }

  const put = async (queue: string, payloads: readonly string[], options: object = {}): Promise<void> => {
    const channel = await client.createConfirmChannel();
    for (const payload of payloads)
      channel.sendToQueue(queue, Buffer.from(payload), { persistent: true, ...options });
    await channel.waitForConfirms();
    await channel.close();
  };
  /** How many messages wait in a queue for whoever reads it. */
  const waiting = async (queue: string): Promise<number> => (await beside.checkQueue(queue)).messageCount;
  const emptied = async (queue: string): Promise<string[]> => {
    const found: string[] = [];
    for (
      let one = await beside.get(queue, { noAck: true });
      one !== false;
      one = await beside.get(queue, { noAck: true })
    )
      found.push(one.content.toString());
    return found;
  };

  // The first one: of the queues of all the others a RabbitMQ that was killed would recover for many seconds.
  it('loses nothing that was confirmed, and nothing unacked, when RabbitMQ is killed under load', async () => {
    const queue = fresh();
    const count = 3_000;
    await using sink = await open({ 'to-queue': queue });
    await using source = await reading({ queue }, (message, place) => {
      if (place % 10 === 3) message.nack();
      else message.ack();
    });
    // RabbitMQ writes down which quorum queues there are with a delay: killed within it, it has lost a new one.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const sending = (async () => {
      for (const payload of numbered(count)) {
        while (sink.leg.held >= 512) await new Promise((resolve) => setTimeout(resolve, 2));
        sink.send(Message.of(payload));
      }
    })();
    await sink.until(() => sink.leg.delivered > count / 4);
    await rabbitmq.kill();
    await rabbitmq.restart();
    await meet();
    await sending;
    const payloads = (): Set<string> => new Set(source.emitted.map(text));
    await sink.until(() => sink.leg.delivered === count);
    await source.until(() => source.emitted.length >= count && payloads().size === count);
    expect([...payloads()].sort()).toEqual(numbered(count).sort());
    expect(sink.leg.failed).toBe(0);
  });

  describe('with programs that are none of ours', () => {
    it('reads what amqp-publish publishes, with its properties', async () => {
      const queue = fresh();
      await using it = await open({ queue });
      const args = ['-u', rabbitmq.url, '-r', queue, '-p', '-C', 'text/plain', '-t', 'answers'];
      await run('amqp-publish', [...args, '-E', 'none', '-H', 'tenant: acme', '-b', 'from the outside']);
      await it.until(() => it.received.length === 1);
      expect(it.received.map(text)).toEqual(['from the outside']);
      expect(it.received[0]?.meta).toMatchObject({
        endpoint: 'it',
        exchange: '',
        routingKey: queue,
        redelivered: false,
        contentType: 'text/plain',
        replyTo: 'answers',
        headers: { tenant: 'acme', 'content-encoding': 'none' },
      });
    });

    it('publishes what amqp-consume reads, once and in order', async () => {
      const queue = fresh();
      await using it = await open({ 'to-queue': queue });
      for (const payload of numbered(50)) it.send(Message.of(`${payload}\n`));
      await it.until(() => it.leg.held === 0);
      const { stdout } = await run('amqp-consume', ['-u', rabbitmq.url, '-q', queue, '-c', '50', 'cat']);
      expect(stdout).toBe(
        numbered(50)
          .map((payload) => `${payload}\n`)
          .join(''),
      );
    });
  });

  describe('with the endpoint battery', () => {
    const world = (): BatteryWorld => {
      const [queue, target] = [fresh(), fresh()];
      const taken: { payload: Uint8Array }[] = [];
      const url = ({ host, port }: { host: string; port: number }): string => `amqp://${host}:${port}`;
      return {
        plugin,
        server: { host: '127.0.0.1', port: rabbitmq.port },
        source: (at) => ({ url: url(at), queue, heartbeat: '1s' }),
        sink: (at) => ({ url: url(at), 'to-queue': target, heartbeat: '1s' }),
        loop: (at) => ({ url: url(at), queue: target, heartbeat: '1s' }),
        carries: ['id', 'key', 'headers', 'contentType', 'correlationId', 'replyTo', 'timestamp'],
        put: async (messages) => {
          const channel = await client.createConfirmChannel();
          await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } });
          for (const { payload, headers } of messages) {
            const content = Buffer.from(payload);
            const messageId = `${content.length} ${content.toString('base64').slice(0, 200)}`;
            channel.sendToQueue(queue, content, { persistent: true, messageId, headers });
          }
          await channel.waitForConfirms();
          await channel.close();
        },
        taken: async () => {
          await beside.assertQueue(target, { arguments: { 'x-queue-type': 'quorum' } });
          for (;;) {
            const one = await beside.get(target, { noAck: true });
            if (one === false) return taken;
            taken.push({ payload: one.content });
          }
        },
        refusals: ({ host, port }) => [
          {
            what: 'wrong password',
            options: { url: `amqp://guest:tops3cret@${host}:${port}`, queue },
            says: /check the user and the password in url/,
            secret: 'tops3cret',
          },
          {
            what: 'wrong queue',
            options: { url: `amqp://${host}:${port}`, queue: 'nowhere', declare: false },
            says: /nowhere.*check queue or to-queue/,
          },
          {
            what: 'wrong vhost',
            options: { url: `amqp://${host}:${port}/nowhere`, queue },
            says: /nowhere.*check the vhost in url/,
          },
          {
            what: 'wrong exchange',
            options: { url: `amqp://${host}:${port}`, exchange: 'nowhere' },
            says: /nowhere.*state its exchange-type/,
          },
        ],
        ...(isDeep && {
          kill: () => rabbitmq.kill(),
          restart: async () => {
            await rabbitmq.restart();
            await meet();
          },
        }),
      };
    };
    const under = { start: () => Promise.resolve(world()), messages: isDeep ? 1_000 : 60, kills: 1 };
    for (const one of endpointBattery('endpoint-amqp', under)) {
      it(one.name, async (context) => {
        const skipped = await one.check();
        if (skipped !== undefined) context.skip(skipped.skipped);
      });
    }
  });

  describe('as a source', () => {
    it('settles each delivery by itself, whatever the order, and leaves nothing unacked', async () => {
      const queue = fresh();
      const kept: Message[] = [];
      await using it = await reading({ queue }, (message) => kept.push(message), { maxInFlight: 64 });
      await put(queue, numbered(64));
      await it.until(() => kept.length === 64);
      // Backwards by threes: single acks, then floors that cover what was acked before.
      for (const rest of [2, 1, 0]) {
        for (let place = 63; place >= 0; place -= 1) if (place % 3 === rest) kept[place]?.ack();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(it.endpoint.reconnects).toBe(0);
      await it[Symbol.asyncDispose]();
      expect(await waiting(queue)).toBe(0);
    });

    it.each(['quorum', 'classic'])(
      'sets a message of a %s queue aside that is nacked again and again',
      async (type) => {
        const queue = fresh();
        await using it = await reading({ queue, 'queue-type': type }, (message) =>
          (message.meta.deliveries ?? 1) > 5 ? message.ack() : message.nack(),
        );
        await put(queue, ['poison'], { messageId: 'p1' });
        await it.until(() => it.emitted.at(-1)?.meta.deliveries === 6);
        expect(it.emitted.map(({ meta }) => meta.deliveries ?? 1)).toEqual([1, 2, 3, 4, 5, 6]);
        expect(new Set(it.emitted.map(({ id }) => id))).toEqual(new Set(['p1']));
        await it[Symbol.asyncDispose]();
        expect(await waiting(queue)).toBe(0);
      },
    );

    it('leaves what it rejects to the dead-letter exchange of the queue', async () => {
      const [queue, dead] = [fresh(), fresh()];
      await beside.assertQueue(dead);
      const letters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
      await using it = await reading({ queue, arguments: letters }, (message, place) =>
        place === 1 ? message.reject() : message.ack(),
      );
      await put(queue, numbered(3));
      await it.until(() => it.emitted.length === 3);
      await expect.poll(() => waiting(dead)).toBe(1);
      expect(await emptied(dead)).toEqual(['message 1']);
    });

    it('binds its queue to exchanges that it declares', async () => {
      const [queue, topic, headers] = [fresh(), fresh(), fresh()];
      await using it = await open({
        queue,
        bindings: [
          { exchange: topic, 'exchange-type': 'topic', 'routing-key': 'orders.#' },
          { exchange: headers, 'exchange-type': 'headers', headers: { 'x-match': 'all', region: 'eu' } },
        ],
      });
      beside.publish(topic, 'orders.eu.new', Buffer.from('one'));
      beside.publish(topic, 'invoices', Buffer.from('none'));
      beside.publish(headers, '', Buffer.from('two'), { headers: { region: 'eu' } });
      beside.publish(headers, '', Buffer.from('none'), { headers: { region: 'us' } });
      await it.until(() => it.received.length >= 2);
      expect(it.received.map(text)).toEqual(['one', 'two']);
      expect(it.received.map(({ meta }) => [meta['exchange'], meta['routingKey']])).toEqual([
        [topic, 'orders.eu.new'],
        [headers, ''],
      ]);
    });

    it('declares its queue again when that is deleted, and says what happened', async () => {
      const queue = fresh();
      await using it = await open({ queue });
      const errors: string[] = [];
      const { onBroken } = it.endpoint;
      it.endpoint.onBroken = (error) => {
        errors.push(error.message);
        onBroken(error);
      };
      await beside.deleteQueue(queue);
      await it.until(() => it.endpoint.reconnects === 1);
      expect(errors).toEqual([`queue ${queue} was deleted, or its consumer was cancelled`]);
      await put(queue, ['after']);
      await it.until(() => it.received.length === 1);
    });

    it('hands over to another when it drains, and closes with nothing left behind', async () => {
      const queue = fresh();
      const kept: Message[] = [];
      await using one = await reading({ queue }, (message) => kept.push(message), { maxInFlight: 4 });
      await put(queue, numbered(8));
      await one.until(() => kept.length === 4);
      one.endpoint.drain();
      for (const message of kept) message.ack();
      await one.until(() => one.endpoint.inbound.isIdle);
      await one.supervisor.stop();
      await using other = await open({ queue });
      await other.until(() => other.received.length === 4);
      expect(other.received.map(text)).toEqual(numbered(8).slice(4));
      expect(kept).toHaveLength(4);
    });
  });

  describe('as a sink', () => {
    it('fails a message that no queue takes, and confirms those around it', async () => {
      const [exchange, queue] = [fresh(), fresh()];
      await beside.assertExchange(exchange, 'topic');
      await beside.assertQueue(queue);
      await beside.bindQueue(queue, exchange, 'yes');
      await using it = await open({ exchange, 'routing-key-from': 'meta.key', 'routing-keys': ['*'] });
      const keys = Array.from({ length: 60 }, (_, n) => (n % 3 === 1 ? 'no' : 'yes'));
      const outcomes = await Promise.all(
        keys.map((key, n) => outcome(it, `${n}`, { key, id: `same ${n % 5}` })),
      );
      for (const [place, one] of outcomes.entries())
        expect(one === 'ack' ? 'ack' : one.code).toBe(keys[place] === 'yes' ? 'ack' : 'unroutable');
      expect(await emptied(queue)).toHaveLength(40);
      expect(it.endpoint.reconnects).toBe(0);
    });

    it('takes a routing key from a message only where the operator allows it', async () => {
      const [queue, exchange] = [fresh(), fresh()];
      await beside.assertExchange(exchange, 'topic');
      await using it = await open({
        exchange,
        'routing-key-from': 'meta.key',
        'routing-keys': ['allowed.#'],
      });
      await beside.assertQueue(queue);
      await beside.bindQueue(queue, exchange, '#');
      expect(await outcome(it, 'a', { key: 'allowed.one' })).toBe('ack');
      expect(await outcome(it, 'b', { key: 'forbidden' })).toMatchObject({ code: 'sink-rejected' });
      expect(await outcome(it, 'c')).toMatchObject({ code: 'expression-failed' });
      expect(await emptied(queue)).toEqual(['a']);
    });

    it('lets no header of a message address further queues', async () => {
      const [queue, other] = [fresh(), fresh()];
      await beside.assertQueue(other);
      await using it = await open({ 'to-queue': queue });
      expect(await outcome(it, 'x', { headers: { CC: other, BCC: other, 'x-death': 'y', kept: 'z' } })).toBe(
        'ack',
      );
      expect(await waiting(other)).toBe(0);
      const one = await beside.get(queue, { noAck: true });
      expect(one === false ? one : one.properties.headers).toEqual({ kept: 'z', 'x-delivery-count': 0 });
    });

    it('costs a message with too many headers that message alone', async () => {
      const queue = fresh();
      await using it = await open({ 'to-queue': queue });
      const before = outcome(it, 'before');
      const large = outcome(it, 'large', { headers: { large: 'x'.repeat(100_000) } });
      const named = outcome(it, 'named', { headers: { ['n'.repeat(300)]: '' } });
      const after = outcome(it, 'after');
      expect(await Promise.all([before, after])).toEqual(['ack', 'ack']);
      expect(await large).toMatchObject({ code: 'sink-rejected' });
      expect(await named).toMatchObject({ code: 'sink-rejected' });
      expect(await emptied(queue)).toEqual(['before', 'after']);
    });

    it('fails what a full queue refuses, without a new connection', async () => {
      const queue = fresh();
      const options = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
      await using it = await open({ 'to-queue': queue, 'queue-type': 'classic', arguments: options });
      expect(await outcome(it, 'first')).toBe('ack');
      expect(await outcome(it, 'second')).toMatchObject({ code: 'sink-rejected' });
      expect(it.endpoint.reconnects).toBe(0);
    });

    it('carries large payloads by the dozen, in order and unharmed', async () => {
      const queue = fresh();
      await using it = await open({ 'to-queue': queue });
      const payloads = Array.from({ length: 24 }, (_, n) => Buffer.alloc(700_000 + n, n));
      for (const payload of payloads) it.send(Message.of(payload));
      await it.until(() => it.leg.held === 0);
      await using source = await open({ queue });
      await source.until(() => source.received.length === payloads.length);
      for (const [place, payload] of payloads.entries())
        expect(Buffer.compare(source.received[place]?.payload as Uint8Array, payload)).toBe(0);
    });

    it('is no failure of a message when its exchange is gone: the endpoint is broken until that is back', async () => {
      const exchange = fresh();
      await beside.assertExchange(exchange, 'fanout');
      await using it = await open({ exchange, mandatory: false });
      await beside.deleteExchange(exchange);
      const sent = outcome(it, 'waits');
      await it.until(() => it.endpoint.lastError?.message.includes('state its exchange-type') === true);
      await beside.assertExchange(exchange, 'fanout');
      expect(await sent).toBe('ack');
    });

    // Setting the alarm off and on takes seconds.
    it.runIf(isDeep)('waits while RabbitMQ has an alarm, and goes on after it', async () => {
      const queue = fresh();
      await using it = await open({ 'to-queue': queue });
      await rabbitmq.control('set_vm_memory_high_watermark', 'absolute', '1');
      try {
        // It learns of the alarm by what it publishes; then it writes nothing more.
        const first = outcome(it, 'first');
        await it.until(() => !it.endpoint.outbound.isWritable(it.leg));
        const second = outcome(it, 'second');
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(it.leg.held).toBe(2);
        await rabbitmq.control('set_vm_memory_high_watermark', '0.6');
        expect(await Promise.all([first, second])).toEqual(['ack', 'ack']);
      } finally {
        await rabbitmq.control('set_vm_memory_high_watermark', '0.6');
      }
    });
  });

  describe.skipIf(!hasOpenssl)('as it is deployed', () => {
    testAsDeployed(() => ({ rabbitmq, beside, certificates: certificates as Certificates }));
  });
});
