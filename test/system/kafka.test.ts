import { afterAll, beforeAll, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-kafka/index.ts';
import { partitionOf } from '../../plugins/endpoint-kafka/murmur2.ts';
import { Message } from '../../src/core/message.ts';
import type { ServerAddress } from '../../src/testing/battery-world.ts';
import { type FaultProxy, faultProxy } from '../../src/testing/fault-proxy.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { numRuns } from '../runs.ts';
import { freePort } from '../servers/free-port.ts';
import { alice, describeWithKafka, type KafkaServer, startKafka } from '../servers/kafka.ts';
import { createTopics } from '../servers/kafka-topic.ts';
import { kcat, put, taken } from '../servers/kcat.ts';
import { playBattery } from './support/play-battery.ts';

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();
const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => String(from + n));
const isOurs = process.env['KAFKA_BOOTSTRAP'] === undefined;
const isDeep = numRuns > 1_000;

await describeWithKafka('endpoint-kafka', () => {
  let kafka: KafkaServer;
  /** Its clients are told to connect to this one: what the battery does to connections, it does here. */
  let proxy: FaultProxy | undefined;
  let places = 0;
  beforeAll(async () => {
    if (!isOurs) kafka = await startKafka();
    else {
      const advertised = await freePort();
      kafka = await startKafka({ advertised });
      proxy = await faultProxy({ to: { port: kafka.port }, port: advertised });
    }
  });
  afterAll(async () => {
    await proxy?.stop();
    await kafka?.stop();
  });

  /** A topic of its own. */
  async function topicOf(partitions = 1, config: Record<string, string> = {}): Promise<string> {
    places += 1;
    const topic = `topic-${process.pid}-${places}`;
    await createTopics(kafka.broker, [topic], { partitions, config });
    return topic;
  }

  function reading(topic: string, group = `group-of-${topic}`): object {
    return { brokers: [kafka.broker], topics: [topic], group, 'session-timeout': '1s', commit: '50ms' };
  }

  async function open(options: object, more?: MountOptions): Promise<Mounted> {
    const it = await mount(plugin, { brokers: [kafka.broker], ...options }, more);
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }

  async function start() {
    const [input, output] = [await topicOf(), await topicOf()];
    const { broker: brokers, saslBroker } = kafka;
    const sasl = { mechanism: 'SCRAM-SHA-256', username: alice.username, password: 'not-hers-9' };
    const brokerAt = ({ host, port }: ServerAddress): string =>
      proxy === undefined ? brokers : `${host}:${port}`;
    const brisk = { timeout: '500ms' };
    return {
      plugin,
      ...(proxy !== undefined && { proxy, server: { host: '127.0.0.1', port: kafka.port } }),
      source: (at: ServerAddress) => ({ ...reading(input), ...brisk, brokers: [brokerAt(at)] }),
      sink: (at: ServerAddress) => ({ topic: output, ...brisk, brokers: [brokerAt(at)] }),
      loop: () => reading(output),
      refusals: () => [
        {
          what: 'a wrong topic',
          options: { brokers: [brokers], topic: 'nowhere' },
          says: /no topic nowhere.*create: true/,
        },
        {
          what: 'a wrong password',
          options: { brokers: [saslBroker], topic: output, sasl },
          says: /check sasl/,
          secret: 'not-hers-9',
        },
      ],
      put: (messages: readonly { payload: Uint8Array }[]) =>
        put(
          brokers,
          input,
          messages.map(({ payload }) => payload),
        ),
      taken: async () => (await taken(brokers, output)).map((payload) => ({ payload })),
      ...(isOurs && isDeep && { kill: () => kafka.kill(), restart: () => kafka.restart() }),
      carries: ['id', 'key', 'headers', 'contentType', 'correlationId', 'replyTo', 'timestamp'] as const,
    };
  }

  // What takes many seconds: a kill has a test of its own below.
  playBattery('battery ›', { start, kills: 1 }, { deep: /server was killed|half-open/ });

  it('puts a key where librdkafka and the Java client put it', async () => {
    const topic = await topicOf(7);
    await using sink = await open({ topic });
    const keys = numbers(40).map((n) => `key ${n} ${'ü'.repeat(Number(n) % 5)}.`);
    for (const key of keys) sink.send(Message.of('ours', { key }));
    await sink.until(() => sink.leg.held === 0);
    const lines = keys.map((key) => `${key}|theirs\n`).join('');
    await kcat(['-P', '-b', kafka.broker, '-t', topic, '-K', '|', '-X', 'partitioner=murmur2_random'], lines);
    const all = await kcat(['-C', '-b', kafka.broker, '-t', topic, '-e', '-q', '-f', '%s|%p|%k\n']);
    const found = all.toString().trim().split('\n').sort();
    const expected = ['ours', 'theirs'].flatMap((who) =>
      keys.map((key) => `${who}|${partitionOf(Buffer.from(key), 7)}|${key}`),
    );
    expect(found).toEqual(expected.sort());
  });

  it.each(isDeep ? ['gzip', 'snappy', 'lz4', 'zstd'] : ['gzip', 'lz4'])(
    'reads and writes what is compressed by %s',
    async (compression) => {
      const topic = await topicOf();
      await using both = await open({ ...reading(topic), topic, compression });
      const payloads = numbers(50).map((n) => `${n} ${'x'.repeat(500)}`);
      await put(kafka.broker, topic, payloads.map(Buffer.from), ['-p', '0', '-z', compression]);
      for (const payload of payloads) both.send(Message.of(payload));
      await both.until(() => both.received.length >= 100);
      expect(both.received.map(text)).toEqual([...payloads, ...payloads]);
      expect((await taken(kafka.broker, topic)).map(String)).toEqual([...payloads, ...payloads]);
    },
  );

  it('fails the message that is too large for the broker, and none of those around it', async () => {
    const topic = await topicOf(1, { 'max.message.bytes': '2000' });
    await using sink = await open({ topic });
    const payloads = numbers(20).map((n) => (n === '7' ? 'x'.repeat(3_000) : `${n} ${'y'.repeat(200)}`));
    for (const payload of payloads) sink.send(Message.of(payload));
    await sink.until(() => sink.leg.held === 0);
    expect([sink.leg.delivered, sink.leg.failed, sink.endpoint.state]).toEqual([19, 1, 'open']);
    const others = payloads.filter((_, n) => n !== 7);
    expect((await taken(kafka.broker, topic)).map(String)).toEqual(others);
  });

  it.skipIf(!isOurs).each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('logs in by %s', async (mechanism) => {
    const topic = await topicOf();
    await using both = await open({
      ...reading(topic),
      topic,
      brokers: [kafka.saslBroker],
      sasl: { mechanism, ...alice },
    });
    both.send(Message.of('hello'));
    await both.until(() => both.received.length === 1);
  });

  it('commits no further than what is settled, and brings the rest again under its id', async () => {
    const topic = await topicOf();
    const first = await open(reading(topic));
    const kept: Message[] = [];
    const held = first.endpoint.messages.subscribe((root) => {
      const message = root.claim();
      // The seventh stays open: nothing behind it may be committed.
      if (text(message) === '7') kept.push(message);
      else message.ack();
    });
    await put(kafka.broker, topic, numbers(20).map(Buffer.from));
    await first.until(() => first.received.length === 20);
    await first[Symbol.asyncDispose]();
    held.unsubscribe();
    await using second = await open(reading(topic));
    await second.until(() => second.received.length >= 13);
    expect(second.received.map(text)).toEqual(numbers(13, 7));
    expect(second.received[0]?.id).toBe(kept[0]?.id);
    expect(kept[0]?.id).toBe(`it/${topic}/0/7`);
  });

  it('shares its partitions with a second member, loses nothing, and repeats no more than the window', async () => {
    const topic = await topicOf(4);
    const window = 64;
    const place = (message: Message): string => message.id;
    await using first = await open(reading(topic), { maxInFlight: window });
    const stop = new AbortController();
    let sent = 0;
    const traffic = (async () => {
      while (!stop.signal.aborted) {
        const payloads = numbers(200, sent).map(Buffer.from);
        await put(kafka.broker, topic, payloads, ['-X', 'partitioner=random']);
        sent += payloads.length;
      }
    })();
    await first.until(() => first.received.length > 200);
    const second = await open(reading(topic), { maxInFlight: window });
    await second.until(() => second.received.length > 200);
    // It leaves again, and the first takes over.
    await second[Symbol.asyncDispose]();
    stop.abort();
    await traffic;
    const all = (): string[] => [...first.received, ...second.received].map(text);
    await first.until(() => new Set(all()).size === sent);
    const ids = [...first.received, ...second.received].map(place);
    expect(new Set(all()).size).toBe(sent);
    expect(ids.length - new Set(ids).size).toBeLessThanOrEqual(window);
  });

  it.skipIf(!isOurs)('loses nothing when the broker is killed and restarted under load', async () => {
    const topic = await topicOf(3);
    await using both = await open({ ...reading(topic), topic });
    const losses: string[] = [];
    const { onBroken } = both.endpoint;
    both.endpoint.onBroken = (error) => {
      losses.push(error.message);
      onBroken(error);
    };
    let sent = 0;
    const traffic = setInterval(() => {
      for (let n = 0; n < 10 && both.leg.held < 900; n += 1, sent += 1) both.send(Message.of(String(sent)));
    }, 5);
    try {
      await both.until(() => both.received.length > 200);
      await kafka.kill();
      await both.until(() => both.endpoint.state === 'broken');
      await kafka.restart();
      const before = both.received.length;
      await both.until(() => both.received.length > before + 200);
    } finally {
      clearInterval(traffic);
    }
    await both.until(() => both.leg.held === 0 && new Set(both.received.map(text)).size === sent);
    expect(both.leg.failed).toBe(0);
    expect(new Set(both.received.map(text))).toEqual(new Set(numbers(sent)));
    // A broker that is still loading is asked again: it is no reason to begin from the start.
    expect(losses.filter((text) => text.includes('COORDINATOR'))).toEqual([]);
  });
});
