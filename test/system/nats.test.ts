import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-nats/index.ts';
import { Message, type Meta } from '../../src/core/message.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { type NatsServer, startNats } from '../servers/nats.ts';
import { natsClient } from '../servers/nats-client.ts';
import { describeWith } from '../servers/requires.ts';

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();
const base64 = (payload: string): string => Buffer.from(payload).toString('base64');

async function opened(options: object, more?: MountOptions): Promise<Mounted> {
  const it = await mount(plugin, options, more);
  await it.until(() => it.endpoint.state === 'open');
  return it;
}

describeWith(['nats-server', 'python3'], 'endpoint-nats', () => {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats?.stop());
  const open = (options: object, more?: MountOptions): Promise<Mounted> =>
    opened({ url: nats.url, ...options }, more);

  it('gives back on a subject what it sends, once, in order, confirmed by the server', async () => {
    await using it = await open({ subscribe: 'news', publish: 'news' });
    for (let n = 0; n < 5_000; n += 1) it.send(Message.of(`message ${n}`));
    await it.until(() => it.received.length >= 5_000 && it.leg.held === 0);
    expect(it.received.map(text)).toEqual(Array.from({ length: 5_000 }, (_, n) => `message ${n}`));
    expect(it.leg.delivered).toBe(5_000);
    expect(it.received[0]?.meta).toEqual({ endpoint: 'it', lane: 'news', subject: 'news' });
  });

  it('carries any bytes, and the meta that has a place of its own', async () => {
    await using it = await open({ subscribe: 'bytes', publish: 'bytes' });
    const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    const meta: Meta = {
      id: 'orders-7',
      key: 'kunde-ä',
      headers: { 'x-tenant': 'acme', Empty: 'no', 'Nats-Rollup': 'all', 'araldo-id': 'forged' },
      contentType: 'application/octet-stream',
      correlationId: 'c-1',
      replyTo: '_INBOX.somebody',
      timestamp: 1_700_000_000_123,
    };
    for (const payload of [
      all,
      Buffer.alloc(0),
      Buffer.from('\r\nMSG a 1 5\r\n'),
      Buffer.alloc(900_000, 0xff),
    ]) {
      it.send(Message.of(payload, meta));
      await it.until(() => it.received.length > 0);
      const [message] = it.received.splice(0);
      expect(Buffer.compare(message?.payload as Uint8Array, payload)).toBe(0);
      expect(message?.wire?.isText).toBeUndefined();
      expect(message?.meta).toEqual({
        ...meta,
        headers: { 'x-tenant': 'acme', Empty: 'no' },
        endpoint: 'it',
        lane: 'bytes',
        subject: 'bytes',
      });
    }
  });

  it('is the same to a client of another hand: headers, odd bytes in them, reply subjects', async () => {
    await using it = await open({ subscribe: 'in.>', publish: 'out' });
    await using other = await natsClient(nats.port);
    await other.subscribe('out');
    const headers = {
      'Content-Type': 'text/plain',
      'x-latin': 'caf\u00e9',
      'x y': 'odd name',
      'araldo-key': 'k',
    };
    await other.publish({ subject: 'in.a.b', reply: '_INBOX.me', headers, payload: base64('hello') });
    await it.until(() => it.received.length === 1);
    expect(text(it.received[0]!)).toBe('hello');
    expect(it.received[0]?.meta).toMatchObject({
      subject: 'in.a.b',
      lane: 'in.>',
      contentType: 'text/plain',
      key: 'k',
      replyTo: '_INBOX.me',
      headers: { 'x-latin': Buffer.from('caf\u00e9', 'latin1').toString('base64'), 'x y': 'odd name' },
    });
    it.send(Message.of('answer', { correlationId: 'c', replyTo: 'not.an.inbox', headers: { 'x-a': 'b' } }));
    it.send(Message.of('plain'));
    expect(await other.next()).toMatchObject({
      subject: 'out',
      reply: '',
      headers: { 'correlation-id': 'c', 'reply-to': 'not.an.inbox', 'x-a': 'b' },
      payload: base64('answer'),
    });
    expect(await other.next()).toMatchObject({ reply: '', headers: {}, payload: base64('plain') });
  });

  it('answers a request in the inbox that it names, and in no other place', async () => {
    await using service = await open({ reply: true });
    await using reader = await open({ subscribe: 'ask' });
    await using other = await natsClient(nats.port);
    await other.subscribe('_INBOX.mine');
    await other.subscribe('$JS.API.>');
    await other.publish({ subject: 'ask', reply: '_INBOX.mine', payload: base64('2 + 2') });
    await reader.until(() => reader.received.length === 1);
    const { replyTo } = reader.received[0]!.meta;
    service.send(Message.of('elsewhere', { replyTo: '$JS.API.STREAM.DELETE.ORDERS' }));
    service.send(Message.of('nobody asked'));
    service.send(Message.of('4', { replyTo: replyTo! }));
    expect(await other.next()).toMatchObject({ subject: '_INBOX.mine', payload: base64('4') });
    await service.until(() => service.leg.held === 0);
    expect(service.leg.failed).toBe(1);
    expect([...service.leg.discarded]).toEqual([['no-reply-to', 1]]);
  });

  it('answers what it has read by correlation id: each asker, once, with the id that it gave', async () => {
    await using service = await open({ subscribe: 'ask-us', reply: { timeout: '300ms', max: 3 } });
    await using other = await natsClient(nats.port);
    await other.subscribe('_INBOX.>');
    for (const name of ['a', 'b', 'c', 'd'])
      await other.publish({
        subject: 'ask-us',
        reply: `_INBOX.${name}`,
        headers: { 'correlation-id': `their-${name}` },
        payload: base64(name),
      });
    await service.until(() => service.received.length === 3);
    await service.until(() => service.endpoint.requests?.counts.refused === 1);
    const ids = service.received.map(({ meta }) => meta.correlationId!);
    expect(new Set(ids).size).toBe(3);
    expect(service.received[0]?.meta).not.toHaveProperty('replyTo');
    service.send(Message.of('to b', { correlationId: ids[1]! }));
    service.send(Message.of('to b again', { correlationId: ids[1]! }));
    service.send(Message.of('to all', { replyTo: '_INBOX.a' }));
    expect(await other.next()).toMatchObject({
      subject: '_INBOX.b',
      headers: { 'correlation-id': 'their-b' },
      payload: base64('to b'),
    });
    await service.until(() => service.endpoint.requests?.counts.timedOut === 2);
    service.send(Message.of('to a', { correlationId: ids[0]! }));
    await service.until(() => service.leg.held === 0);
    expect([...service.leg.discarded]).toEqual([
      ['late', 2],
      ['no-request', 1],
    ]);
    expect(service.endpoint.requests?.counts).toMatchObject({ asked: 3, answered: 1, waiting: 0 });
  });

  it('publishes on a subject made of the message, where an allow-list admits it', async () => {
    await using all = await open({ subscribe: '>' });
    await using it = await open({ 'subject-from': '"orders." + meta.key', subjects: ['orders.*'] });
    for (const key of ['eu', 'us.west', '*', 'a b', 'asia']) it.send(Message.of(key, { key }));
    await it.until(() => it.leg.held === 0 && it.leg.failed === 3);
    await all.until(() => all.received.length === 2);
    expect(all.received.map(({ meta }) => meta['subject'])).toEqual(['orders.eu', 'orders.asia']);
  });

  it('gives a message to one member of a queue group, and to each subscriber without one', async () => {
    await using one = await open({ subscribe: 'jobs', queue: 'workers' });
    await using two = await open({ subscribe: 'jobs', queue: 'workers' });
    await using watcher = await open({ subscribe: 'jobs' });
    await using out = await open({ publish: 'jobs' });
    for (let n = 0; n < 500; n += 1) out.send(Message.of(String(n)));
    await watcher.until(() => watcher.received.length === 500);
    await watcher.until(() => one.received.length + two.received.length === 500);
    expect(one.received.length).toBeGreaterThan(50);
    expect(two.received.length).toBeGreaterThan(50);
  });

  it('fails a message that is too large for the server or for max-payload, and goes on', async () => {
    await using it = await open({ subscribe: 'large', publish: 'large', 'max-payload': '2MiB' });
    it.send(Message.of(Buffer.alloc(1_500_000)));
    it.send(Message.of(Buffer.alloc(2_500_000)));
    it.send(Message.of('small'));
    await it.until(() => it.received.length === 1 && it.leg.held === 0);
    expect([it.leg.delivered, it.leg.failed, it.endpoint.state]).toEqual([1, 2, 'open']);
  });

  it('carries through what has arrived when it drains, and takes nothing more', async () => {
    await using it = await open({ subscribe: 'drained', publish: 'drained' });
    for (let n = 0; n < 100; n += 1) it.send(Message.of(String(n)));
    await it.until(() => it.leg.held === 0);
    it.endpoint.drain();
    await it.until(() => it.received.length === 100);
    it.send(Message.of('late'));
    await it.until(() => it.leg.held === 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(it.received).toHaveLength(100);
  });
});

describeWith(['nats-server'], 'endpoint-nats › logins', () => {
  const running: NatsServer[] = [];
  afterEach(async () => {
    for (const nats of running.splice(0)) await nats.stop();
  });
  async function start(config: string): Promise<NatsServer> {
    const nats = await startNats({ config });
    running.push(nats);
    return nats;
  }

  it('logs in by user and password, and says what is wrong without saying it', async () => {
    const nats = await start('authorization { user: araldo, password: "right-password" }');
    await using right = await opened({
      url: nats.url.replace('//', '//araldo:right-password@'),
      subscribe: 'a',
    });
    expect(right.endpoint.state).toBe('open');
    for (const login of ['', 'araldo:wrong-password@', 'wrong-token@']) {
      await using it = await mount(plugin, { url: nats.url.replace('//', `//${login}`), subscribe: 'a' });
      await it.until(() => it.endpoint.lastError !== undefined);
      const error = it.endpoint.lastError!;
      expect(error.code).toBe('connect-failed');
      expect(error.message).toMatch(
        /^could not connect to nats:\/\/127\.0\.0\.1:\d+: .*Authorization Violation/,
      );
      expect(error.message).toMatch(/; (check|state) /);
      expect(inspect(error, { depth: 10 })).not.toMatch(/wrong-(password|token)/);
    }
  });

  it('logs in by token and by nkey, given as text', async () => {
    const byToken = await start('authorization { token: "right-token" }');
    await using one = await opened({ url: byToken.url, token: 'right-token', subscribe: 'a' });
    expect(one.endpoint.state).toBe('open');
    const { createUser } = await import('@nats-io/transport-node').then(({ nkeys }) => nkeys);
    const user = createUser();
    const seed = Buffer.from(user.getSeed()).toString();
    const byKey = await start(`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
    await using two = await opened({ url: byKey.url, nkey: seed, subscribe: 'a' });
    expect(two.endpoint.state).toBe('open');
    await using wrong = await mount(plugin, { url: byKey.url, nkey: 'no-such-file', subscribe: 'a' });
    await wrong.until(() => wrong.endpoint.lastError !== undefined);
    expect(wrong.endpoint.lastError?.message).toContain('could not read the file of nkey');
    await using none = await mount(plugin, { url: byKey.url, creds: '-----BEGIN x', subscribe: 'a' });
    await none.until(() => none.endpoint.lastError !== undefined);
    expect(none.endpoint.lastError?.message).toContain('expected creds to be a credentials file');
  });

  it('fails the messages of a subject that its user may not publish on, and cannot open where it may not subscribe', async () => {
    const nats = await start(
      'authorization { users: [ { user: guest, password: guest, permissions: { publish: "open", subscribe: "open" } } ] }',
    );
    const url = nats.url.replace('//', '//guest:guest@');
    await using closed = await opened({ url, publish: 'closed' });
    closed.send(Message.of('refused'));
    await closed.until(() => closed.leg.failed === 1);
    expect(closed.endpoint.state).toBe('open');
    await using allowed = await opened({ url, publish: 'open', subscribe: 'open' });
    allowed.send(Message.of('taken'));
    await allowed.until(() => allowed.leg.delivered === 1 && allowed.received.length === 1);
    await using denied = await mount(plugin, { url, subscribe: 'secret' });
    await denied.until(() => denied.endpoint.lastError !== undefined);
    expect(denied.endpoint.lastError?.message).toContain('refused subscribe');
    expect(denied.endpoint.lastError?.message).toContain('secret');
  });
});

describe.skipIf(!hasOpenssl)('with a certificate', () => {
  describeWith(['nats-server'], 'endpoint-nats › tls://', () => {
    let nats: NatsServer;
    let certificate: Certificate;
    beforeAll(async () => {
      certificate = makeCertificate();
      const { cert, key } = certificate;
      nats = await startNats({
        config: `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${cert}", verify: true }`,
      });
    });
    afterAll(async () => {
      await nats?.stop();
      certificate?.[Symbol.dispose]();
    });

    it('connects with a certificate of its own to a server that it is told to trust, and to no other', async () => {
      const { cert, key } = certificate;
      const url = nats.url.replace('nats:', 'tls:');
      for (const tls of [
        { ca: cert, cert, key },
        { ca: cert, cert, key, 'server-name': 'inside' },
      ]) {
        await using it = await opened({ url, subscribe: 'news', publish: 'news', tls });
        it.send(Message.of('hello'));
        await it.until(() => it.received.length === 1);
      }
      for (const tls of [{ cert, key }, { ca: cert }, { ca: cert, cert, key, 'server-name': 'outside' }]) {
        await using it = await mount(plugin, { url, subscribe: 'news', tls });
        await it.until(() => it.endpoint.lastError !== undefined);
        expect(it.endpoint.lastError?.code).toBe('connect-failed');
      }
    });

    it('does not speak in the clear where tls:// is stated', async () => {
      await using plain = await startNats();
      await using it = await mount(plugin, { url: plain.url.replace('nats:', 'tls:'), subscribe: 'a' });
      await it.until(() => it.endpoint.lastError !== undefined);
      expect(it.endpoint.lastError?.message).toContain('tls');
    });
  });
});

describeWith(['nats-server'], 'endpoint-nats › faults', () => {
  it('flows again after the server was killed and restarted under traffic, and loses nothing that it sends', async () => {
    await using nats = await startNats();
    await using it = await opened({ url: nats.url, subscribe: 'news', publish: 'news' });
    let sent = 0;
    const traffic = setInterval(() => {
      for (let n = 0; n < 10; n += 1) it.send(Message.of(String(sent++)));
    }, 10);
    try {
      for (let kills = 1; kills <= 2; kills += 1) {
        await it.until(() => it.received.length > kills * 100);
        await nats.kill();
        await nats.restart();
        const before = it.received.length;
        await it.until(() => it.received.length > before);
        expect(it.endpoint.reconnects).toBe(kills);
      }
    } finally {
      clearInterval(traffic);
    }
    await it.until(() => it.leg.held === 0);
    const { delivered, failed, discarded } = it.leg;
    expect({ delivered, failed, discarded: [...discarded] }).toEqual({
      delivered: sent,
      failed: 0,
      discarded: [],
    });
    expect(new Set(it.received.map(text)).size).toBe(sent);
  });

  it('notices a server that was stopped, leaves no socket behind while it tries, and flows again', async () => {
    await using nats = await startNats();
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    const ping = { every: '200ms', timeout: '300ms' };
    const it = await mount(
      plugin,
      { url: nats.url, subscribe: 'news', publish: 'news', ping },
      { openDeadlineMs: 300 },
    );
    try {
      await it.until(() => it.endpoint.state === 'open');
      process.kill(nats.pid!, 'SIGSTOP');
      it.send(Message.of('meanwhile'));
      await it.until(() => it.endpoint.state !== 'open');
      expect(it.endpoint.lastError?.message).toContain('it did not answer a PING within 300ms');
      await it.until(() => it.endpoint.lastError?.code === 'open-timeout');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(sockets() - before).toBeLessThanOrEqual(1);
      process.kill(nats.pid!, 'SIGCONT');
      await it.until(() => it.received.length >= 1 && it.leg.held === 0);
    } finally {
      await it.supervisor.stop();
    }
    await it.until(() => sockets() <= before);
  });

  it('takes the next server of several where one is away', async () => {
    await using nats = await startNats();
    await using it = await opened({ url: ['nats://127.0.0.1:1', nats.url], subscribe: 'a', publish: 'a' });
    it.send(Message.of('hello'));
    await it.until(() => it.received.length === 1);
  });
});
