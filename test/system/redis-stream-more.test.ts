// What is of Redis Streams alone: groups that vanish, consumers that die, fields, clusters and sentinels.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-redis-stream/index.ts';
import { Message } from '../../src/core/message.ts';
import { mount } from '../endpoint-bench.ts';
import { freePort } from '../servers/free-port.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { start } from './support/command.ts';

/** A program that is none of ours, at the other end. */
function cli(port: number, ...words: readonly string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).trim();
}

const text = ({ payload }: Message): string => Buffer.from(payload as Uint8Array).toString();

describeWith(['redis-server'], 'endpoint-redis-stream › groups', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'no' });
  });
  afterAll(() => redis?.stop());

  it('makes a group anew that was destroyed, and a stream that was deleted', async () => {
    await using it = await mount(plugin, { url: redis.url, stream: 'gone', group: 'g' });
    await it.until(() => it.endpoint.state === 'open');
    cli(redis.port, 'DEL', 'gone');
    cli(redis.port, 'XADD', 'gone', '*', 'payload', 'after');
    await it.until(() => it.received.length === 1);
    expect(text(it.received[0] as Message)).toBe('after');
    expect(it.endpoint.reconnects).toBeGreaterThanOrEqual(1);
  });

  it('takes over what a dead consumer left, with the count of its deliveries', async () => {
    cli(redis.port, 'XADD', 'left', '*', 'payload', 'orphan');
    cli(redis.port, 'XGROUP', 'CREATE', 'left', 'g', '0');
    cli(redis.port, 'XREADGROUP', 'GROUP', 'g', 'dead', 'STREAMS', 'left', '>');
    await using it = await mount(plugin, {
      url: redis.url,
      stream: 'left',
      group: 'g',
      'claim-after': '300ms',
    });
    await it.until(() => it.received.length === 1);
    expect(it.received[0]?.meta.deliveries).toBe(2);
    await it.until(() => cli(redis.port, 'XPENDING', 'left', 'g').startsWith('0'));
  });

  it('gives two processes of one configuration consumers of their own', async () => {
    const options = { url: redis.url, stream: 'shared', group: 'g' };
    await using one = await mount(plugin, options);
    await one.until(() => one.endpoint.state === 'open');
    const { findConsumer } = await import('../../plugins/endpoint-redis-stream/consumer.ts');
    const { openLink } = await import('../../src/redis/link.ts');
    const { parseTarget } = await import('../../src/redis/target.ts');
    const { signal } = new AbortController();
    const link = await openLink({
      plugin: plugin.id,
      target: parseTarget(redis.url),
      tls: {},
      signal,
      onLost: () => undefined,
    });
    const asked = { link, stream: 'shared', group: 'g', endpoint: 'it' };
    expect(await findConsumer({ ...asked, instance: 'i2' })).toBe(`${hostname()}.it.2`);
    expect(await findConsumer({ ...asked, instance: 'i1' })).toBe(`${hostname()}.it`);
    link.close();
  });

  it('carries whole entries as objects, and trims where it is told to', async () => {
    const options = { url: redis.url, stream: 'objects', group: 'g', fields: 'object', 'max-length': 100 };
    await using it = await mount(plugin, options);
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of({ qty: 3, name: 'tea', tags: ['a'] }));
    await it.until(() => it.received.length === 1);
    expect(it.received[0]?.payload).toEqual({ qty: '3', name: 'tea', tags: '["a"]' });
    it.send(Message.of('no object'));
    await it.until(() => it.leg.failed === 1);
    for (let n = 0; n < 500; n += 1) it.send(Message.of({ n }));
    await it.until(() => it.leg.held === 0);
    expect(Number(cli(redis.port, 'XLEN', 'objects'))).toBeLessThan(300);
  });
});

describeWith(['redis-server'], 'endpoint-redis-stream › deployments', () => {
  it('finds the node of a cluster that has its stream', async () => {
    await using redis = await startRedis({ config: { 'cluster-enabled': 'yes' } });
    cli(redis.port, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const cluster = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${redis.port}`];
    await using it = await mount(plugin, { stream: 'clustered', group: 'g', cluster });
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of('there and back'));
    await it.until(() => it.received.length === 1);
    expect(text(it.received[0] as Message)).toBe('there and back');
  });

  it('asks sentinels for the master, and follows a failover', async () => {
    await using first = await startRedis();
    await using second = await startRedis({ config: { replicaof: `127.0.0.1 ${first.port}` } });
    const folder = await mkdtemp(join(tmpdir(), 'araldo-sentinel-'));
    const port = await freePort();
    const file = join(folder, 'sentinel.conf');
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor main 127.0.0.1 ${first.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 2000',
      ].join('\n'),
    );
    await using sentinel = start('redis-server', [file, '--sentinel'], {});
    try {
      const options = { stream: 's', group: 'g', sentinels: { name: 'main', nodes: [`127.0.0.1:${port}`] } };
      await using it = await mount(plugin, options);
      await it.until(() => it.endpoint.state === 'open');
      it.send(Message.of('before'));
      await it.until(() => it.received.length === 1);
      // The sentinel must know the replica before it can choose it.
      await it.until(() => cli(port, 'SENTINEL', 'REPLICAS', 'main').includes(String(second.port)));
      await first.kill();
      it.send(Message.of('after'));
      await it.until(() => it.received.some((message) => text(message) === 'after'));
      expect(sentinel.child.exitCode).toBeNull();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
