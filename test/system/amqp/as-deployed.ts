// endpoint-amqp as it is really deployed: over TLS, with vhosts, permissions and limits. It shares the RabbitMQ of the
// other tests, which takes seconds to start.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { plugin } from '../../../plugins/endpoint-amqp/index.ts';
import type { Message } from '../../../src/core/message.ts';
import { type Certificate, makeCertificate } from '../../certificate.ts';
import { type Mounted, mount } from '../../endpoint-bench.ts';
import type { RabbitmqOptions, RabbitmqServer } from '../../servers/rabbitmq.ts';
import { araldo } from '../support/command.ts';
import { isDeep } from '../support/kill-loop.ts';
import { outcome } from '../support/outcome.ts';
import { serve, until } from '../support/server.ts';

/** Less than araldo itself takes, and more than the other tests send. */
const MOST_BYTES = 1_000_000;

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();

export interface Certificates extends Disposable {
  readonly authority: Certificate;
  /** Of a user. */
  readonly robot: Certificate;
  /** Of the same authority, and of no user. */
  readonly nobody: Certificate;
  readonly stranger: Certificate;
}

export interface Deployment {
  readonly rabbitmq: RabbitmqServer;
  readonly certificates: Certificates;
  /** What looks at queues beside araldo. */
  readonly beside: Channel;
}

export function makeCertificates(): Certificates {
  const authority = makeCertificate();
  const robot = makeCertificate({ authority, name: 'robot' });
  const nobody = makeCertificate({ authority, name: 'nobody' });
  const stranger = makeCertificate();
  return {
    authority,
    robot,
    nobody,
    stranger,
    [Symbol.dispose]() {
      for (const one of [authority, robot, nobody, stranger]) one[Symbol.dispose]();
    },
  };
}

/** What a RabbitMQ must be started with for these tests. */
export function deployedWith({ authority }: Certificates): RabbitmqOptions {
  return {
    tls: authority,
    plugins: ['rabbitmq_auth_mechanism_ssl'],
    definitions,
    config: {
      'auth_mechanisms.1': 'PLAIN',
      'auth_mechanisms.2': 'EXTERNAL',
      ssl_cert_login_from: 'common_name',
      max_message_size: String(MOST_BYTES),
    },
  };
}

/** @param deployment asked within the tests, when RabbitMQ runs */
export function testAsDeployed(deployment: () => Deployment): void {
  let names = 0;
  const fresh = (): string => `deployed ${(names += 1)}`;

  /** The address with a user, over TLS or not. */
  const urlOf = (user: string, { tls = false, vhost = '' } = {}): string =>
    `${String(tls ? deployment().rabbitmq.tlsUrl : deployment().rabbitmq.url).replace('//', `//${user}${user === '' ? '' : '@'}`)}/${vhost}`;
  async function open(options: object): Promise<Mounted> {
    const it = await mount(plugin, { url: deployment().rabbitmq.url, ...options });
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }
  const emptied = async (queue: string): Promise<string[]> => {
    const found: string[] = [];
    for (;;) {
      const one = await deployment().beside.get(queue, { noAck: true });
      if (one === false) return found;
      found.push(one.content.toString());
    }
  };

  describe('over TLS', () => {
    it('carries messages by password, by a certificate beside it, and by a certificate alone', async () => {
      const { robot, authority } = deployment().certificates;
      const { cert, key } = robot;
      const ca = authority.cert;
      for (const [at, more] of [
        [urlOf('guest:guest', { tls: true }), { tls: { ca } }],
        [urlOf('guest:guest', { tls: true }), { tls: { ca, cert, key, 'server-name': 'inside' } }],
        [urlOf('', { tls: true }), { auth: 'external', tls: { ca, cert, key } }],
      ] as const) {
        const queue = fresh();
        await using it = await open({ url: at, queue, 'to-queue': queue, ...more });
        expect(await outcome(it, 'hello')).toBe('ack');
        await it.until(() => it.received.length === 1);
      }
    });

    it.each([
      ['an unknown authority', (): object => ({ tls: {} }), /certificate/],
      [
        'another name',
        ({ authority }: Certificates) => ({ tls: { ca: authority.cert, 'server-name': 'outside' } }),
        /altnames/,
      ],
      [
        'a certificate of an unknown authority',
        ({ authority, stranger }: Certificates) => ({
          tls: { ca: authority.cert, cert: stranger.cert, key: stranger.key },
        }),
        /does not take the certificate of tls\.cert/,
      ],
      [
        'a certificate of nobody',
        ({ authority, nobody }: Certificates) => ({
          auth: 'external',
          tls: { ca: authority.cert, cert: nobody.cert, key: nobody.key },
        }),
        /check the certificate/,
      ],
      ['a wrong password', () => ({ url: urlOf('guest:tops3cret') }), /check the user and the password/],
      ['a vhost of others', () => ({ url: urlOf('robot:robot', { vhost: 'sales' }) }), /check the vhost/],
    ])('says in one error what is wrong: %s', async (_what, options, says) => {
      await using it = await mount(plugin, {
        url: urlOf('guest:guest', { tls: true }),
        queue: 'never made',
        ...options(deployment().certificates),
      });
      await it.until(() => it.endpoint.lastError !== undefined);
      expect(it.endpoint.lastError?.code).toBe('connect-failed');
      expect(it.endpoint.lastError?.message).toMatch(says);
      expect(it.endpoint.lastError?.message).not.toContain('tops3cret');
    });

    it('keeps to its vhost', async () => {
      const queue = fresh();
      await using it = await open({ url: urlOf('guest:guest', { vhost: 'sales' }), 'to-queue': queue });
      expect(await outcome(it, 'here')).toBe('ack');
      await using source = await open({ url: urlOf('guest:guest', { vhost: 'sales' }), queue });
      await source.until(() => source.received.length === 1);
      await using elsewhere = await mount(plugin, { url: deployment().rabbitmq.url, queue, declare: false });
      await elsewhere.until(() => elsewhere.endpoint.lastError !== undefined);
      expect(elsewhere.endpoint.lastError?.message).toContain('no queue');
    });
  });

  describe('over one message RabbitMQ closes the channel', () => {
    it('of a payload that is too large: it fails alone, and the next one is not even sent', async () => {
      const queue = fresh();
      await using it = await open({ 'to-queue': queue });
      const small = Array.from({ length: 200 }, (_, n) => `message ${n}`);
      const sent = small.map((payload, n) =>
        n === 100
          ? Promise.all([outcome(it, Buffer.alloc(MOST_BYTES + 1)), outcome(it, payload)])
          : outcome(it, payload),
      );
      const outcomes = (await Promise.all(sent)).flat();
      expect(outcomes[100]).toMatchObject({ code: 'payload-too-large' });
      expect(outcomes.filter((one) => one === 'ack')).toHaveLength(200);
      const found = await emptied(queue);
      expect([...new Set(found)]).toEqual(small);

      const again = ['a', Buffer.alloc(MOST_BYTES + 1), 'b'].map((payload) => outcome(it, payload));
      expect((await Promise.all(again)).map((one) => (one === 'ack' ? one : one.code))).toEqual([
        'ack',
        'payload-too-large',
        'ack',
      ]);
      // Had it been sent, at least `a` would have come twice.
      expect(await emptied(queue)).toEqual(['a', 'b']);
      expect(it.endpoint.reconnects).toBe(0);
    });

    it('of a routing key that the user must not use: those with it fail alone', async () => {
      const queue = fresh();
      await deployment().beside.assertQueue(queue);
      await deployment().beside.bindQueue(queue, 'topics', '#');
      await using it = await open({
        url: urlOf('limited:limited'),
        exchange: 'topics',
        'routing-key-from': 'meta.key',
        'routing-keys': ['#'],
      });
      const keys = Array.from({ length: 90 }, (_, n) => (n % 30 === 7 ? `denied.${n}` : `allowed.${n}`));
      const outcomes = await Promise.all(keys.map((key) => outcome(it, key, { key })));
      for (const [place, one] of outcomes.entries()) {
        expect(one === 'ack' ? 'ack' : one.code).toBe(place % 30 === 7 ? 'sink-rejected' : 'ack');
      }
      expect(outcomes[7]).toMatchObject({ message: expect.stringContaining('topic permissions') });
      expect(new Set(await emptied(queue))).toEqual(new Set(keys.filter((key) => key.startsWith('allowed'))));
      expect(it.endpoint.reconnects).toBe(0);
    });

    it('of what it does not say: the one that it closes over when that is alone', async () => {
      const queue = fresh();
      await using it = await open({ 'to-queue': queue });
      const isWrong = (n: number): boolean => n === 10 || n === 11 || n === 39;
      // A reply address of RabbitMQ's own kind, where nobody waits for a reply.
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          outcome(it, `${n}`, isWrong(n) ? { replyTo: 'amq.rabbitmq.reply-to' } : {}),
        ),
      );
      for (const [n, one] of outcomes.entries()) {
        expect(one === 'ack' ? 'ack' : one.code).toBe(isWrong(n) ? 'sink-rejected' : 'ack');
      }
      const wanted = Array.from({ length: 40 }, (_, n) => n).filter((n) => !isWrong(n));
      expect([...new Set(await emptied(queue))].map(Number)).toEqual(wanted);
      expect(await outcome(it, 'after')).toBe('ack');
      expect(it.endpoint.reconnects).toBe(0);
    });

    it('of an exchange that the user must not publish to: the endpoint is broken, and its messages wait', async () => {
      await deployment().beside.assertExchange('closed', 'fanout');
      await using it = await mount(plugin, {
        url: urlOf('limited:limited'),
        exchange: 'closed',
        mandatory: false,
      });
      const errors: string[] = [];
      await it.until(() => it.endpoint.state === 'open');
      const { onBroken } = it.endpoint;
      it.endpoint.onBroken = (error) => {
        errors.push(error.message);
        onBroken(error);
      };
      void outcome(it, 'waits');
      await it.until(() => errors.length >= 2);
      expect(errors[0]).toMatch(/access to exchange 'closed'.*check the permissions of the user/);
      expect([it.leg.failed, it.leg.held]).toEqual([0, 1]);
    });
  });

  it('sends what RabbitMQ refuses to on-error, once, and the rest to its place', async () => {
    const [source, dead, good] = [fresh(), fresh(), fresh()];
    await deployment().beside.assertQueue(good);
    await deployment().beside.bindQueue(good, 'amq.topic', 'yes');
    const at = { id: 'endpoint-amqp', url: deployment().rabbitmq.url };
    await using server = await serve({
      plugins: [
        { name: 'in', ...at, queue: source },
        {
          name: 'out',
          ...at,
          exchange: 'amq.topic',
          'routing-key-from': 'meta.key',
          'routing-keys': ['#'],
        },
        { name: 'dead', ...at, 'to-queue': dead },
      ],
      routes: { in: { to: ['out'], 'on-error': { 'dead-letter': 'dead' } } },
    });
    await until('it is ready', async () => (await server.get('/readyz')).ok);
    for (const [n, key] of ['yes', 'no', 'yes', 'nowhere', 'yes'].entries()) {
      deployment().beside.sendToQueue(source, Buffer.from(`${n} ${key}`), { headers: { 'araldo-key': key } });
    }
    const letters: string[] = [];
    await until('the dead letters are there', async () => {
      for (const one of await emptied(dead)) letters.push(one);
      return letters.length >= 2;
    });
    expect(letters).toHaveLength(2);
    expect(await emptied(good)).toEqual(['0 yes', '2 yes', '4 yes']);
    expect((await deployment().beside.checkQueue(source)).messageCount).toBe(0);
  });

  it('says by deliveries how often a quorum queue gave a message out, up to its own limit', async () => {
    const [queue, dead] = [fresh(), fresh()];
    await deployment().beside.assertQueue(dead);
    const it = await mount(plugin, {
      url: deployment().rabbitmq.url,
      queue,
      arguments: {
        'x-delivery-limit': 2,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': dead,
      },
    });
    await using _ended = it;
    const deliveries: (number | undefined)[] = [];
    it.endpoint.messages.subscribe((root) => {
      const message = root.claim();
      deliveries.push(message.meta.deliveries);
      message.nack();
    });
    await it.until(() => it.endpoint.state === 'open');
    deployment().beside.sendToQueue(queue, Buffer.from('poison'));
    await expect.poll(() => emptied(dead)).toEqual(['poison']);
    expect(deliveries).toEqual([undefined, 2, 3]);
  });

  it('gives the queue to one reader at a time, and to the next when that is gone', async () => {
    const queue = fresh();
    const options = { queue, 'single-active-consumer': true };
    await using first = await open(options);
    await using second = await open(options);
    for (let n = 0; n < 20; n += 1) deployment().beside.sendToQueue(queue, Buffer.from(`${n}`));
    await first.until(() => first.received.length === 20);
    expect(second.received).toHaveLength(0);
    await first.supervisor.stop();
    for (let n = 20; n < 40; n += 1) deployment().beside.sendToQueue(queue, Buffer.from(`${n}`));
    await second.until(() => second.received.length === 20);
    expect([...first.received, ...second.received].map(text).map(Number)).toEqual(
      Array.from({ length: 40 }, (_, n) => n),
    );
  });

  // Two processes, started and killed.
  it.runIf(isDeep)('gives the queue to another araldo when the active one is killed', async () => {
    const [queue, target] = [fresh(), fresh()];
    const folder = mkdtempSync(join(tmpdir(), 'araldo-amqp-'));
    const at = { id: 'endpoint-amqp', url: deployment().rabbitmq.url };
    writeFileSync(
      join(folder, 'araldo.yaml'),
      JSON.stringify({
        'server-port': 0,
        'log-level': 'debug',
        plugins: [
          { name: 'in', ...at, queue, 'single-active-consumer': true, 'max-in-flight': 50 },
          { name: 'out', ...at, 'to-queue': target },
        ],
        routes: { in: ['out'] },
      }),
    );
    const quorum = { 'x-queue-type': 'quorum' };
    await deployment().beside.assertQueue(queue, {
      arguments: { ...quorum, 'x-single-active-consumer': true },
    });
    await deployment().beside.assertQueue(target, { arguments: quorum });
    try {
      await using first = araldo(folder);
      await using second = araldo(folder);
      const isOpen = /endpoint.?"?:\s*"?in\b.*open/s;
      await until('both read', () => [first, second].every(({ out }) => isOpen.test(out.stderr)));
      const wanted = Array.from({ length: 5_000 }, (_, n) => `${n}`);
      for (const payload of wanted)
        deployment().beside.sendToQueue(queue, Buffer.from(payload), { persistent: true });
      await until('some came', async () => (await deployment().beside.checkQueue(target)).messageCount > 500);
      first.child.kill('SIGKILL');
      const found: string[] = [];
      await until('all came', async () => {
        found.push(...(await emptied(target)));
        return new Set(found).size === wanted.length;
      });
      expect([...new Set(found)]).toEqual(wanted);
      expect(found.length - wanted.length).toBeLessThanOrEqual(100);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('makes its exchanges, queue and bindings again when they are gone', async () => {
    const [queue, fanout, headers] = [fresh(), fresh(), fresh()];
    await using it = await open({
      queue,
      bindings: [
        { exchange: fanout, 'exchange-type': 'fanout' },
        { exchange: headers, 'exchange-type': 'headers', headers: { 'x-match': 'any', a: 1, b: true } },
        { exchange: 'topics', 'routing-key': `${queue}.*.new` },
      ],
    });
    const publish = (): void => {
      deployment().beside.publish(fanout, 'any', Buffer.from('fanout'));
      deployment().beside.publish(headers, '', Buffer.from('headers'), { headers: { b: true } });
      deployment().beside.publish(headers, '', Buffer.from('none'), { headers: { c: 1 } });
      deployment().beside.publish('topics', `${queue}.eu.new`, Buffer.from('topic'));
      deployment().beside.publish('topics', `${queue}.eu.old`, Buffer.from('none'));
    };
    publish();
    await it.until(() => it.received.length === 3);
    await deployment().beside.deleteExchange(fanout);
    await deployment().beside.deleteExchange(headers);
    await deployment().beside.deleteQueue(queue);
    await it.until(() => it.endpoint.reconnects === 1 && it.endpoint.state === 'open');
    publish();
    await it.until(() => it.received.length === 6);
    const once = ['fanout', 'headers', 'topic'];
    expect(it.received.map(text)).toEqual([...once, ...once]);
  });
}

const all = { configure: '.*', write: '.*', read: '.*' };

const definitions = {
  users: [
    { name: 'guest', tags: 'administrator', ...hashOf('guest') },
    { name: 'robot', tags: '', ...hashOf('robot') },
    { name: 'limited', tags: '', ...hashOf('limited') },
  ],
  vhosts: [{ name: '/' }, { name: 'sales' }],
  permissions: [
    { user: 'guest', vhost: '/', ...all },
    { user: 'guest', vhost: 'sales', ...all },
    { user: 'robot', vhost: '/', ...all },
    { user: 'limited', vhost: '/', configure: '', write: '^topics$', read: '' },
  ],
  topic_permissions: [{ user: 'limited', vhost: '/', exchange: 'topics', write: '^allowed\\.', read: '.*' }],
  exchanges: [
    {
      name: 'topics',
      vhost: '/',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    },
  ],
};

/** How RabbitMQ keeps a password. */
function hashOf(password: string): object {
  const salt = randomBytes(4);
  const hash = createHash('sha256').update(salt).update(password).digest();
  return {
    password_hash: Buffer.concat([salt, hash]).toString('base64'),
    hashing_algorithm: 'rabbit_password_hashing_sha256',
  };
}
