import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-redis/index.ts';
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
});
