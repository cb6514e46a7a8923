import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-redis-stream/index.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { Message } from '../../src/core/message.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { mount } from '../endpoint-bench.ts';
import { freePort } from '../servers/free-port.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';

const text = ({ payload }: Message): string => Buffer.from(payload as Uint8Array).toString();
const password = 'right-password-5';

describeWith(['redis-server'], 'endpoint-redis-stream › rights', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'no' });
  });
  afterAll(() => redis?.stop());

  /** redis-cli, a program of another hand. */
  function cli(...words: readonly string[]): string {
    return execFileSync('redis-cli', ['-p', String(redis.port), ...words], { encoding: 'utf8' }).trim();
  }

  /** A user with these commands and the keys of one stream. */
  function user(stream: string, commands: readonly string[]): string {
    const rights = commands.map((command) => `+${command}`);
    cli('ACL', 'SETUSER', stream, 'reset', 'on', `>${password}`, `~${stream}`, ...rights);
    return redis.url.replace('//', `//${stream}:${password}@`);
  }

  // As docs/endpoints/endpoint-redis-stream.md has them.
  const reads = ['xgroup|create', 'xreadgroup', 'xpending', 'xclaim', 'xack', 'type', 'ping'];
  const writes = ['xadd', 'type', 'ping'];
  const names = ['client|id', 'client|setname', 'client|list'];

  it('reads and writes as a user with no more rights than are needed', async () => {
    const url = user('both', [...new Set([...reads, ...writes, ...names])]);
    await using it = await mount(plugin, { url, stream: 'both', group: 'g', 'claim-after': '200ms' });
    await it.until(() => it.endpoint.state === 'open');
    for (let n = 0; n < 100; n += 1) it.send(Message.of(String(n)));
    await it.until(() => it.received.length === 100 && it.leg.held === 0);
    // Long enough for what others held to be looked for.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([it.endpoint.state, it.endpoint.reconnects, it.leg.failed]).toEqual(['open', 0, 0]);
    await it.until(() => cli('XPENDING', 'both', 'g').startsWith('0'));
    expect(cli('ACL', 'LOG')).toBe('');
  });

  it('does with less where it can: no PING, no TYPE, no names of connections, a group that is there', async () => {
    const url = user('less', ['xreadgroup', 'xpending', 'xclaim', 'xack', 'xadd']);
    cli('XGROUP', 'CREATE', 'less', 'g', '0', 'MKSTREAM');
    await using it = await mount(plugin, { url, stream: 'less', group: 'g' });
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of('hello'));
    await it.until(() => it.received.length === 1 && it.leg.held === 0);
  });

  it.each(['xreadgroup', 'xpending', 'xclaim', 'xack', 'xadd', 'xgroup|create'])(
    'says in one line that %s is not allowed, without the password, and goes on when it is',
    async (missing) => {
      const stream = `without-${missing.replace('|', '-')}`;
      const rights = [...new Set([...reads, ...writes, ...names])];
      const url = user(
        stream,
        rights.filter((right) => right !== missing),
      );
      if (missing === 'xclaim') {
        cli('XADD', stream, '*', 'payload', 'orphan');
        cli('XGROUP', 'CREATE', stream, 'g', '0');
        cli('XREADGROUP', 'GROUP', 'g', 'dead', 'STREAMS', stream, '>');
      }
      const lines: string[] = [];
      const note = (fields: object, line: string): void => {
        lines.push(`${inspect(fields, { depth: 10 })} ${line}`);
      };
      const log: Log = { ...silentLog, warn: note, error: note };
      await using it = await mount(plugin, { url, stream, group: 'g', 'claim-after': '150ms' }, { log });
      const send = setInterval(() => it.leg.held < 5 && it.send(Message.of('x')), 20);
      try {
        await it.until(() => it.endpoint.lastError?.message.includes('NOPERM') === true);
        await new Promise((resolve) => setTimeout(resolve, 300));
        const error = it.endpoint.lastError?.message ?? lines.join();
        expect(error).toContain(missing);
        expect(error).toContain('ACL SETUSER');
        expect(lines.join() + inspect(it.endpoint.lastError, { depth: 10 })).not.toContain(password);
        expect(lines.length).toBeLessThanOrEqual(4);
        expect(it.leg.failed).toBe(0);
        user(stream, rights);
        const before = it.received.length;
        await it.until(() => it.received.length > before && it.endpoint.state === 'open');
      } finally {
        clearInterval(send);
      }
    },
  );

  it('goes on when its group is destroyed while it reads, and when entries are trimmed that it has not acked', async () => {
    const kept: Message[] = [];
    await using it = await mount(plugin, {
      url: redis.url,
      stream: 'cut',
      group: 'g',
      'claim-after': '200ms',
    });
    it.endpoint.subscribe((message) => kept.push(message.claim()));
    await it.until(() => it.endpoint.state === 'open');
    for (let n = 0; n < 10; n += 1) it.send(Message.of(String(n)));
    await it.until(() => kept.length === 10);
    cli('XTRIM', 'cut', 'MAXLEN', '0');
    for (const message of kept.splice(0)) message.nack();
    cli('XADD', 'cut', '*', 'payload', 'after the trim');
    await it.until(() => it.received.some((message) => text(message) === 'after the trim'));
    for (const message of kept.splice(0)) message.ack();
    await it.until(() => it.endpoint.inbound.inFlight === 0);
    cli('XGROUP', 'DESTROY', 'cut', 'g');
    cli('XADD', 'cut', '*', 'payload', 'after the end');
    await it.until(() => it.received.some((message) => text(message) === 'after the end'));
    for (const message of kept.splice(0)) message.ack();
    await it.until(() => it.endpoint.inbound.inFlight === 0);
  });

  it('reads nothing that nobody takes, and begins when code subscribes', async () => {
    for (let n = 0; n < 5; n += 1) cli('XADD', 'unread', '*', 'payload', String(n));
    await using it = await mount(
      plugin,
      { url: redis.url, stream: 'unread', group: 'g' },
      { isUnread: true },
    );
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of('5'));
    await it.until(() => it.leg.held === 0 && it.leg.delivered === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(cli('XPENDING', 'unread', 'g')).toMatch(/^0\b/);
    expect(cli('XINFO', 'GROUPS', 'unread')).toMatch(/last-delivered-id\n0-0/);
    const seen: string[] = [];
    const subscription = it.endpoint.subscribe((message) => seen.push(text(message)));
    await it.until(() => seen.length === 6 && cli('XPENDING', 'unread', 'g').startsWith('0'));
    subscription.unsubscribe();
    cli('XADD', 'unread', '*', 'payload', '6');
    await new Promise((resolve) => setTimeout(resolve, 100));
    // One may have been read by then: it waits, and is not acked.
    expect(seen).toHaveLength(6);
    expect(cli('XINFO', 'GROUPS', 'unread')).not.toMatch(/pending\n0[\s\S]*lag\n0/);
    it.endpoint.subscribe((message) => seen.push(text(message)));
    await it.until(() => seen.length === 7);
    expect(seen).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  });
});

describe.skipIf(!hasOpenssl)('with a certificate', () => {
  describeWith(['redis-server'], 'endpoint-redis-stream › rediss://', () => {
    let redis: RedisServer;
    let certificate: Certificate;
    let url: string;
    beforeAll(async () => {
      certificate = makeCertificate();
      const { cert, key } = certificate;
      const port = await freePort();
      url = `rediss://streamer:${password}@127.0.0.1:${port}`;
      redis = await startRedis({
        appendfsync: 'no',
        config: {
          'tls-port': String(port),
          'tls-cert-file': cert,
          'tls-key-file': key,
          'tls-ca-cert-file': cert,
          'tls-auth-clients': 'yes',
        },
      });
      const words = ['ACL', 'SETUSER', 'streamer', 'on', `>${password}`, '~*', '+@all'];
      execFileSync('redis-cli', ['-p', String(redis.port), ...words]);
    });
    afterAll(async () => {
      await redis?.stop();
      certificate?.[Symbol.dispose]();
    });

    it('shows its certificate on both of its connections, and carries messages', async () => {
      using client = makeCertificate({ authority: certificate, name: 'araldo' });
      const tls = { ca: certificate.cert, cert: client.cert, key: client.key };
      await using it = await mount(plugin, { url, stream: 's', group: 'g', tls });
      it.send(Message.of('hello'));
      await it.until(() => it.received.length === 1 && it.leg.held === 0);
    });

    it('does not connect without one, with one of another authority, or with a wrong password', async () => {
      const { cert: ca } = certificate;
      using other = makeCertificate();
      using client = makeCertificate({ authority: certificate, name: 'araldo' });
      const good = { ca, cert: client.cert, key: client.key };
      for (const [tls, at, says] of [
        [{ ca }, url, /tls\.cert/],
        [{ ca, cert: other.cert, key: other.key }, url, /tls\.cert/],
        [good, url.replace(password, 'wrong-password-6'), /WRONGPASS.*check the user and the password/],
      ] as const) {
        await using it = await mount(plugin, { url: at, stream: 's', group: 'g', tls });
        await it.until(() => it.endpoint.lastError !== undefined);
        expect(it.endpoint.lastError?.code).toBe('connect-failed');
        expect(it.endpoint.lastError?.message).toMatch(says);
        expect(inspect(it.endpoint.lastError, { depth: 10 })).not.toMatch(/(right|wrong)-password/);
      }
    });
  });
});
