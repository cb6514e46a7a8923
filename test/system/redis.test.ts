import { inspect } from 'node:util';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-redis/index.ts';
import { matches } from '../../plugins/endpoint-redis/pattern.ts';
import type { Log } from '../../src/core/log.ts';
import { Message } from '../../src/core/message.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();

describeWith(['redis-server'], 'endpoint-redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'no' });
  });
  afterAll(() => redis?.stop());

  /** An endpoint on this Redis, open. */
  async function open(options: object, more?: MountOptions): Promise<Mounted> {
    const it = await mount(plugin, { url: redis.url, ...options }, more);
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }

  it('gives back on a channel what it sends, once, in order, confirmed by Redis', async () => {
    await using it = await open({ channel: 'news' });
    for (let n = 0; n < 5_000; n += 1) it.send(Message.of(`message ${n}`));
    await it.until(() => it.received.length >= 5_000 && it.leg.held === 0);
    expect(it.received.map(text)).toEqual(Array.from({ length: 5_000 }, (_, n) => `message ${n}`));
    expect(it.leg.delivered).toBe(5_000);
    expect(it.received[0]?.meta).toMatchObject({ endpoint: 'it', lane: 'news', channel: 'news' });
  });

  it('carries any bytes as they are, without a text flag', async () => {
    await using it = await open({ channel: 'bytes' });
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const payloads = [all, new Uint8Array(0), Buffer.from('\r\n$5\r\n'), Buffer.alloc(900_000, 0xff)];
    for (const payload of payloads) it.send(Message.of(payload));
    await it.until(() => it.received.length === payloads.length);
    for (const [index, payload] of payloads.entries()) {
      expect(Buffer.compare(it.received[index]?.payload as Uint8Array, payload)).toBe(0);
      expect(it.received[index]?.wire?.isText).toBeUndefined();
    }
  });

  it('subscribes to channels and patterns, and says which channel a message came on', async () => {
    await using it = await open({ subscribe: ['plain', 'log.*', 'user.[ab]', 'odd\\*'] });
    const channels = ['plain', 'log.one', 'log.two', 'user.a', 'user.c', 'odd*', 'oddity', 'plain.not'];
    for (const channel of channels) {
      await using out = await open({ publish: channel });
      out.send(Message.of(channel));
      await out.until(() => out.leg.held === 0);
    }
    await it.until(() => it.received.length >= 5);
    expect(it.received.map(({ meta }) => meta['channel'])).toEqual([
      'plain',
      'log.one',
      'log.two',
      'user.a',
      'odd*',
    ]);
    expect(it.received.map(text)).toEqual(it.received.map(({ meta }) => meta['channel']));
    expect(it.received.map(({ meta }) => meta.lane)).toEqual([
      'plain',
      'log.*',
      'log.*',
      'user.[ab]',
      'odd\\*',
    ]);
  });

  it('reads patterns as Redis does', async () => {
    await using listener = await open({
      subscribe: ['a', 'b', 'c', 'ab', 'ba', 'abc', '-', '^a', ']', 'a]', 'a-c'],
    });
    const asking = new Redis(redis.url);
    const unit = fc.constantFrom('*', '?', '[a', '[^a', '[a-b', 'a', 'b', 'c', ']', '-', '\\');
    const channels =
      listener.endpoint.capabilities.readsFrom?.map((address) => address.split('/')[3] ?? '') ?? [];
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 5 }), async (parts) => {
          // A set without an end, and a range without one, are read by Redis past what is written there.
          const pattern = parts.join('');
          fc.pre(!/\[[^\]]*$/.test(pattern) && !/-\]|\\/.test(pattern));
          const found = (await asking.pubsub('CHANNELS', pattern)) as string[];
          expect(channels.filter((channel) => matches(pattern, channel)).sort()).toEqual(
            [...new Set(found)].sort(),
          );
        }),
        { numRuns: 300 },
      );
    } finally {
      asking.disconnect();
    }
  });

  it('reports a message that its user may not publish, and goes on', async () => {
    const admin = new Redis(redis.url);
    await admin.call(
      'ACL',
      'SETUSER',
      'guest',
      'on',
      '>guest',
      '+publish',
      '+hello',
      '+client',
      'resetchannels',
      '&open',
    );
    admin.disconnect();
    const url = redis.url.replace('//', '//guest:guest@');
    await using it = await mount(plugin, { url, publish: 'closed' });
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of('refused'));
    await it.until(() => it.leg.failed === 1);
    expect(it.endpoint.state).toBe('open');
    await using allowed = await mount(plugin, { url, publish: 'open' });
    allowed.send(Message.of('taken'));
    await allowed.until(() => allowed.leg.delivered === 1);
  });
});

describeWith(['redis-server'], 'endpoint-redis › faults', () => {
  const running: RedisServer[] = [];
  afterEach(async () => {
    for (const redis of running.splice(0)) await redis.stop();
  });
  async function start(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
    const redis = await startRedis({ appendfsync: 'no', ...options });
    running.push(redis);
    return redis;
  }

  it('flows again after Redis was killed and restarted under traffic, and loses nothing that it sends', async () => {
    const redis = await start();
    await using it = await mount(plugin, { url: redis.url, channel: 'news' });
    await it.until(() => it.endpoint.state === 'open');
    let sent = 0;
    const traffic = setInterval(() => {
      for (let n = 0; n < 10; n += 1) it.send(Message.of(String(sent++)));
    }, 10);
    try {
      for (let kills = 1; kills <= 3; kills += 1) {
        await it.until(() => it.received.length > kills * 100);
        await redis.kill();
        await new Promise((resolve) => setTimeout(resolve, 300));
        await redis.restart();
        const before = it.received.length;
        await it.until(() => it.received.length > before);
        expect(it.endpoint.reconnects).toBe(kills);
      }
    } finally {
      clearInterval(traffic);
    }
    // Redis confirms on one connection what it delivers on another: the last message may come after its confirmation.
    const last = String(sent - 1);
    await it.until(() => it.leg.held === 0 && text(it.received.at(-1)!) === last);
    const { delivered, failed, discarded } = it.leg;
    expect({ delivered, failed, discarded: [...discarded] }).toEqual({
      delivered: sent,
      failed: 0,
      discarded: [],
    });
    // What Redis had and could not say so any more is sent again: once for each kill at most, and in order.
    const numbers = it.received.map((message) => Number(text(message)));
    const twice = numbers.length - new Set(numbers).size;
    expect(twice).toBeLessThanOrEqual(3 * 1_024);
    const repeats = numbers.filter((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0));
    expect(repeats.length).toBeLessThanOrEqual(3);
  });

  it('waits for a Redis that is away at the start, and says where and why once', async () => {
    const redis = await start();
    await redis.kill();
    const lines: string[] = [];
    const say = (_fields: object, line: string): void => void lines.push(line);
    const log: Log = { debug: say, info: say, warn: say, error: say };
    await using it = await mount(plugin, { url: redis.url, channel: 'news' }, { log });
    it.send(Message.of('early'));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(it.endpoint.state).not.toBe('open');
    expect(lines).toEqual([
      `it: could not connect to ${redis.url}: connect ECONNREFUSED 127.0.0.1:${redis.port}; trying again`,
    ]);
    await redis.restart();
    await it.until(() => it.received.length === 1);
    expect(text(it.received[0]!)).toBe('early');
    expect(it.endpoint.reconnects).toBe(0);
  });

  it.each([
    ['no password', '//', 'NOAUTH'],
    ['a wrong password', '//:wrong-password@', 'WRONGPASS'],
    ['a wrong user', '//nobody:wrong-password@', 'WRONGPASS'],
  ])('says that the login failed with %s, without the password', async (_name, login, code) => {
    const redis = await start();
    const admin = new Redis(redis.url);
    await admin.config('SET', 'requirepass', 'right-password');
    admin.disconnect();
    await using it = await mount(plugin, { url: redis.url.replace('//', login), channel: 'news' });
    await it.until(() => it.endpoint.lastError !== undefined);
    const error = it.endpoint.lastError!;
    expect(error.code).toBe('connect-failed');
    expect(error.message).toContain(redis.url);
    expect(error.message).toContain(code);
    expect(error.message).toContain('check the user and the password in url');
    const everything = `${JSON.stringify(error)} ${error.stack} ${inspect(error, { depth: 10 })}`;
    expect(everything).not.toContain('wrong-password');
    await using right = await mount(plugin, {
      url: redis.url.replace('//', '//:right-password@'),
      channel: 'news',
    });
    await right.until(() => right.endpoint.state === 'open');
  });

  it('notices a Redis that was stopped, and flows again when it goes on', async () => {
    const redis = await start();
    const ping = { every: '200ms', timeout: '300ms' };
    await using it = await mount(plugin, { url: redis.url, channel: 'news', ping }, { openDeadlineMs: 500 });
    await it.until(() => it.endpoint.state === 'open');
    process.kill(redis.pid!, 'SIGSTOP');
    it.send(Message.of('meanwhile'));
    await it.until(() => it.endpoint.state !== 'open');
    expect(it.endpoint.lastError?.message).toBe(`${redis.url} did not answer a PING within 300ms`);
    await it.until(() => it.endpoint.lastError?.code === 'open-timeout');
    process.kill(redis.pid!, 'SIGCONT');
    await it.until(() => it.received.length >= 1 && it.leg.held === 0);
    expect(it.endpoint.state).toBe('open');
  });

  it('leaves nothing running when it is stopped, whatever Redis does', async () => {
    const redis = await start();
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const it = await mount(plugin, { url: redis.url, channel: 'news' });
    await it.until(() => it.endpoint.state === 'open');
    process.kill(redis.pid!, 'SIGSTOP');
    const begun = performance.now();
    const whileOpen = sockets();
    await it.supervisor.stop();
    // Sooner than at the deadline of a close, which is 5 s.
    expect(performance.now() - begun).toBeLessThan(4_000);
    await it.until(() => sockets() <= whileOpen - 2);
    process.kill(redis.pid!, 'SIGCONT');
    const asking = new Redis(redis.url);
    const clients = async () =>
      String(await asking.client('LIST'))
        .trim()
        .split('\n').length;
    expect(await clients()).toBe(1);
    asking.disconnect();
  });
});
