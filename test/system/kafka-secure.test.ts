import { inspect } from 'node:util';
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-kafka/index.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { Message } from '../../src/core/message.ts';
import type { BatteryWorld } from '../../src/testing/index.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { freePort } from '../servers/free-port.ts';
import { alice, describeWithKafka, type KafkaServer, startKafka } from '../servers/kafka.ts';
import { createTopics } from '../servers/kafka-topic.ts';
import { put, taken } from '../servers/kcat.ts';
import { isDeep, killLoop, killLoopMs } from './support/kill-loop.ts';

const kills = { messages: 20_000, kills: 4 };

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();

async function opened(options: object, more?: MountOptions): Promise<Mounted> {
  const it = await mount(plugin, options, more);
  await it.until(() => it.endpoint.state === 'open');
  return it;
}

/** What an endpoint says while it cannot open: one line, however often it tries. */
async function refusedWith(options: object, secrets: readonly string[] = []): Promise<string> {
  const lines: string[] = [];
  const note = (fields: object, line: string): void =>
    void lines.push(`${inspect(fields, { depth: 10 })} ${line}`);
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note };
  await using it = await mount(plugin, options, { log });
  await it.until(() => it.endpoint.lastError !== undefined);
  // Long enough for several attempts.
  await new Promise((resolve) => setTimeout(resolve, 400));
  const error = it.endpoint.lastError;
  expect(error?.code).toBe('connect-failed');
  expect(lines).toHaveLength(1);
  for (const secret of secrets)
    expect(`${lines.join()} ${inspect(error, { depth: 10 })}`).not.toContain(secret);
  return error?.message ?? '';
}

describe.skipIf(!hasOpenssl)('with certificates', async () => {
  await describeWithKafka('endpoint-kafka › as it is deployed', () => {
    let kafka: KafkaServer;
    let certificate: Certificate;
    let other: Certificate;
    let passworded: string;
    let mutual: string;
    let topics = 0;

    beforeAll(async () => {
      certificate = makeCertificate({ name: 'araldo' });
      other = makeCertificate();
      const [login, mtls] = [await freePort(), await freePort()];
      passworded = `127.0.0.1:${login}`;
      mutual = `127.0.0.1:${mtls}`;
      kafka = await startKafka({ secured: { loginPort: login, mutualPort: mtls, certificate } });
    });
    afterAll(async () => {
      await kafka?.stop();
      certificate?.[Symbol.dispose]();
      other?.[Symbol.dispose]();
    });

    async function topicOf(partitions = 1): Promise<string> {
      topics += 1;
      const topic = `secure-${topics}`;
      await createTopics(kafka.broker, [topic], { partitions });
      return topic;
    }
    const sasl = (password: string = alice.password, mechanism = 'SCRAM-SHA-512'): object => ({
      mechanism,
      username: alice.username,
      password,
    });
    const quick = { 'session-timeout': '1s', commit: '50ms' };

    it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
      'logs in by %s over TLS, reads and writes',
      async (mechanism) => {
        const topic = await topicOf();
        const tls = { ca: certificate.cert };
        await using both = await opened({
          brokers: [passworded],
          topic,
          group: `g-${topic}`,
          sasl: sasl(undefined, mechanism),
          tls,
          ...quick,
        });
        both.send(Message.of('hello'));
        await both.until(() => both.received.length === 1 && both.leg.held === 0);
        expect(text(both.received[0]!)).toBe('hello');
      },
    );

    it('is known by its certificate alone, with a name from it', async () => {
      const topic = await topicOf();
      const { cert, key } = certificate;
      const options = { brokers: [mutual], topic, group: `g-${topic}`, ...quick };
      await using both = await opened({ ...options, tls: { ca: cert, cert, key } });
      both.send(Message.of('hello'));
      await both.until(() => both.received.length === 1);
      for (const tls of [{ ca: cert }, { ca: cert, cert: other.cert, key: other.key }])
        expect(await refusedWith({ ...options, tls })).toMatch(/certificate/);
    });

    it('says what is wrong with its password, its authority, its host, and what it speaks, once, without the secret', async () => {
      const topic = await topicOf();
      const tls = { ca: certificate.cert };
      const wrong = 'not-hers-9';
      for (const mechanism of isDeep ? ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] : ['SCRAM-SHA-512'])
        expect(
          await refusedWith({ brokers: [passworded], topic, sasl: sasl(wrong, mechanism), tls }, [wrong]),
        ).toMatch(/check sasl/);
      const password = [alice.password];
      expect(
        await refusedWith({ brokers: [passworded], topic, sasl: sasl(), tls: { ca: other.cert } }, password),
      ).toMatch(/certificate.*tls\.ca/);
      expect(
        await refusedWith(
          { brokers: [passworded], topic, sasl: sasl(), tls: { ...tls, 'server-name': 'outside' } },
          password,
        ),
      ).toMatch(/outside.*server-name/);
      expect(await refusedWith({ brokers: ['127.0.0.1:1'], topic, sasl: sasl(), tls }, password)).toMatch(
        /ECONNREFUSED.*check brokers/,
      );
      expect(await refusedWith({ brokers: ['nowhere.invalid'], topic, sasl: sasl(), tls }, password)).toMatch(
        /nowhere\.invalid.*check brokers/,
      );
      expect(
        await refusedWith({ brokers: [passworded], topic: 'nowhere', sasl: sasl(), tls }, password),
      ).toMatch(/no topic nowhere/);
    });

    it('says which right it lacks, and goes on when it is given', async () => {
      const topic = await topicOf();
      const group = `g-${topic}`;
      using guest = makeCertificate({ authority: certificate, name: 'guest' });
      const tls = { ca: certificate.cert, cert: guest.cert, key: guest.key };
      const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.broker] });
      const allow = (resourceType: number, resourceName: string, operation: number): Promise<void> =>
        admin.createAcls({
          creations: [
            {
              resourceType,
              resourceName,
              resourcePatternType: ResourcePatternTypes.LITERAL,
              principal: 'User:CN=guest',
              host: '*',
              operation,
              permissionType: AclPermissionTypes.ALLOW,
            },
          ],
        } as never);
      await using both = await mount(plugin, { brokers: [mutual], topic, group, tls, ...quick });
      const lacks = (says: RegExp): Promise<void> =>
        both.until(() => says.test(both.endpoint.lastError?.message ?? ''));
      await lacks(new RegExp(`the topic ${topic} of .*TOPIC_AUTHORIZATION_FAILED.*allow the user`));
      await allow(ResourceTypes.TOPIC, topic, AclOperations.WRITE);
      await lacks(new RegExp(`group ${group} of .*GROUP_AUTHORIZATION_FAILED.*allow the user`));
      await allow(ResourceTypes.GROUP, group, AclOperations.READ);
      await both.until(() => both.endpoint.state === 'open');
      both.send(Message.of('written'));
      await lacks(/TOPIC_AUTHORIZATION_FAILED.*allow the user/);
      await allow(ResourceTypes.TOPIC, topic, AclOperations.READ);
      await both.until(() => both.received.length > 0 && both.leg.held === 0);
      await admin.close();
      expect(both.leg.failed).toBe(0);
    });

    it.each(isDeep ? ['gzip', 'snappy', 'lz4', 'zstd'] : ['lz4'])(
      'does not unpack a bomb of %s: it is one message too large, and what comes behind it is read',
      async (compression) => {
        const topic = await topicOf();
        // Larger than the answer it comes in may be, so it comes alone.
        const large = Buffer.alloc(100_000, 'x');
        const bomb = Array.from({ length: 60 }, () => large);
        await put(kafka.broker, topic, [Buffer.from('before')]);
        // One batch, however slow kcat is: it waits until there are as many as a batch may hold, and no longer.
        const together = {
          'batch.num.messages': bomb.length,
          'linger.ms': 60_000,
          'batch.size': 10_000_000,
          'message.max.bytes': 10_000_000,
        };
        const settings = Object.entries(together).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
        await put(kafka.broker, topic, bomb, ['-p', '0', '-z', compression, ...settings]);
        await put(kafka.broker, topic, [Buffer.from('after')]);
        const lines: object[] = [];
        const log: Log = { ...silentLog, warn: (fields) => void lines.push(fields) };
        const limits = { 'max-payload': '200KiB', 'max-batch': '1MiB' };
        const options = {
          brokers: [kafka.broker],
          topics: [topic],
          group: `g-${topic}`,
          ...limits,
          ...quick,
        };
        await using it = await opened(options, { log });
        await it.until(() => it.received.some((message) => text(message) === 'after'));
        const found = it.received.map((message) => [message.meta['offset'], message.wire?.size]);
        expect(found).toEqual([
          [0, 6],
          [60, 1024 * 1024 + 1],
          [61, 5],
        ]);
        expect(it.received[1]?.wire?.bytes.byteLength).toBeLessThan(400_000);
        expect(lines).toMatchObject([{ firstOffset: 1, lastOffset: 60, count: 60 }]);
      },
    );

    it('gives a partition over under load: its lane ends, nothing is lost, keys keep their order where they come first', async () => {
      const topic = await topicOf(4);
      const options = { brokers: [kafka.broker], topics: [topic], group: `g-${topic}`, ...quick };
      const first: string[] = [];
      /** First deliveries of all members, in the order in which they come. */
      const seen = new Set<string>();
      const note = (message: Message): void => {
        const payload = text(message);
        if (!seen.has(payload)) first.push(payload);
        seen.add(payload);
      };
      await using sink = await opened({ brokers: [kafka.broker], topic });
      await using one = await opened(options, { maxInFlight: 64 });
      one.endpoint.subscribe(note);
      let sent = 0;
      const traffic = setInterval(() => {
        for (let n = 0; n < 20 && sink.leg.held < 800; n += 1, sent += 1) {
          const key = `key-${sent % 16}`;
          sink.send(Message.of(`${key} ${sent}`, { key }));
        }
      }, 5);
      try {
        await one.until(() => seen.size > 200);
        const two = await opened(options, { maxInFlight: 64 });
        two.endpoint.subscribe(note);
        await two.until(() => two.received.length > 200);
        // It is gone without a word, and its partitions come back when its session is over.
        await two.supervisor.stop();
        await one.until(() => seen.size > 800);
      } finally {
        clearInterval(traffic);
      }
      await one.until(() => sink.leg.held === 0 && seen.size === sent);
      const lastOf = new Map<string, number>();
      for (const payload of first) {
        const [key = '', n] = payload.split(' ');
        expect(Number(n)).toBeGreaterThan(lastOf.get(key) ?? -1);
        lastOf.set(key, Number(n));
      }
    });

    it('is no member of its group while nobody reads, and begins when code subscribes', async () => {
      const topic = await topicOf();
      const group = `g-${topic}`;
      const options = { brokers: [kafka.broker], topic, group, ...quick };
      await using it = await mount(plugin, options, { isUnread: true });
      await it.until(() => it.endpoint.state === 'open');
      it.send(Message.of('later'));
      await it.until(() => it.leg.held === 0 && it.leg.delivered === 1);
      const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.broker] });
      expect([...(await admin.listGroups()).keys()]).not.toContain(group);
      const seen: string[] = [];
      it.endpoint.subscribe((message) => seen.push(text(message)));
      await it.until(() => seen.includes('later'));
      expect([...(await admin.listGroups()).keys()]).toContain(group);
      await admin.close();
    });

    it.skipIf(!isDeep)(
      'loses nothing when araldo is killed under load and started again',
      {
        timeout: killLoopMs(kills),
      },
      async () => {
        const [input, output] = [await topicOf(), await topicOf()];
        const brokers = [kafka.broker];
        await using reader = await opened({ brokers, topics: [output], group: 'reader', ...quick });
        const payloads = (): Uint8Array[] => reader.received.map(({ payload }) => payload as Uint8Array);
        const world: BatteryWorld = {
          plugin,
          server: {} as never,
          // Commits as often as unless told otherwise: what a crash repeats is bounded all the same.
          source: () => ({ brokers, topics: [input], group: 'killed', 'session-timeout': '1s' }),
          // Slow enough to be killed in the middle.
          sink: () => ({ brokers, topic: output, linger: '10ms' }),
          put: (messages) =>
            put(
              kafka.broker,
              input,
              messages.map(({ payload }) => payload),
            ),
          taken: async () => payloads().map((payload) => ({ payload })),
        };
        const { duplicated } = await killLoop({ world, ...kills, maxInFlight: 64 });
        // What a program of another hand finds.
        expect(await taken(kafka.broker, output)).toHaveLength(kills.messages + duplicated);
      },
    );
  });
});
