import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type SchedulerLike, Subscription } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../src/core/log.ts';
import type { ServerTls } from '../../src/options/server-tls.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { closed, exchange, get, opened, serve, statuses, upgrade } from './serve.ts';

interface Line {
  readonly fields: Record<string, unknown>;
  readonly text: string;
}

function keptLog(): { log: typeof silentLog; lines: Line[] } {
  const lines: Line[] = [];
  const keep = (fields: object, text: string): void => void lines.push({ fields: { ...fields }, text });
  return { lines, log: { ...silentLog, info: keep, warn: keep, error: keep } };
}

interface HandClock extends SchedulerLike {
  /** How often something was planned. */
  scheduled: number;
  time: number;
  fire(): void;
}

/** Fires the last timer that was set when it is told to, and no other. */
function handClock(): HandClock {
  let work: (() => void) | undefined;
  return {
    time: 0,
    scheduled: 0,
    now() {
      return this.time;
    },
    schedule(callback: () => void) {
      work = callback;
      this.scheduled += 1;
      return new Subscription(() => {
        if (work === callback) work = undefined;
      });
    },
    fire: () => work?.(),
  } as HandClock;
}

describe.skipIf(!hasOpenssl)('http server › TLS', () => {
  let certificate: Certificate;
  let other: Certificate;
  let tls: ServerTls;
  beforeAll(() => {
    certificate = makeCertificate();
    other = makeCertificate({ name: 'other' });
    const { cert, key } = certificate;
    tls = { cert, key, clientCertificates: 'none', minVersion: 'TLSv1.2' };
  });
  afterAll(() => {
    certificate[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  /** A client that trusts the first certificate. */
  function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const ca = readFileSync(certificate.cert);
      const socket = connect({ port, host: '127.0.0.1', ca, ...options }, () => resolve(socket));
      socket.on('error', reject);
    });
  }

  async function ask(port: number, text: string, options: ConnectionOptions = {}): Promise<string> {
    const socket = await secured(port, options);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.write(text);
    await closed(socket);
    return answer;
  }

  it('answers requests, and hands upgrades over with their clear text', async () => {
    await using served = await serve({ tls });
    served.server.host.onUpgrade('/ws', ({ socket, head }) => {
      socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${head.toString()}`);
    });
    expect(statuses(await ask(served.port, get('/readyz')))).toEqual([200]);
    expect(await ask(served.port, `${upgrade('/ws')}first bytes`)).toMatch(/^HTTP\/1\.1 101[^]*first bytes$/);
    expect(served.server.connections.handshakesFailed).toEqual({});
  });

  it('says where it can be visited, with https', async () => {
    await using served = await serve({ tls });
    const answer = await new Promise<number>((resolve, reject) => {
      const ca = readFileSync(certificate.cert);
      request(served.url, { ca }, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', reject)
        .end();
    });
    expect(served.url).toMatch(/^https:/);
    expect(answer).toBe(200);
  });

  it('tells whoever speaks plain HTTP what to write instead, and lives on', async () => {
    await using served = await serve({ tls });
    const answer = await exchange(served.port, get('/livez'));
    expect(statuses(answer)).toEqual([400]);
    expect(answer).toContain('https://');
    expect(served.server.connections.handshakesFailed).toEqual({ 'plain-http': 1 });
    expect(statuses(await ask(served.port, get('/livez')))).toEqual([200]);
  });

  it('hangs up on what is no TLS, and counts it', async () => {
    await using served = await serve({ tls });
    expect(await exchange(served.port, 'hello\r\n\r\n')).toBe('');
    expect(served.server.connections.handshakesFailed).toEqual({ 'no-tls': 1 });
  });

  it('does not count whoever connects and hangs up without a word', async () => {
    await using served = await serve({ tls });
    const socket = await opened(served.port);
    await expect.poll(() => served.server.connections.count).toBe(1);
    socket.end();
    await closed(socket);
    await expect.poll(() => served.server.connections.count).toBe(0);
    expect(served.server.connections.handshakesFailed).toEqual({});
  });

  it('survives connections that are reset at any moment of the handshake', async () => {
    await using served = await serve({ tls });
    const hello = Buffer.from('160301ffff', 'hex');
    for (const bytes of [hello.subarray(0, 1), hello, Buffer.concat([hello, Buffer.alloc(300)])]) {
      const socket = await opened(served.port);
      socket.write(bytes);
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.resetAndDestroy();
    }
    await expect.poll(() => served.server.connections.count).toBe(0);
    const { handshakesFailed = {} } = served.server.connections;
    expect(Object.values(handshakesFailed).reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(statuses(await ask(served.port, get('/livez')))).toEqual([200]);
  });

  it.each([
    ['says nothing', Buffer.alloc(0)],
    ['begins a handshake and goes no further', Buffer.from('1603010200', 'hex')],
  ])('ends a connection that %s, just after the handshake may take', async (_what, bytes) => {
    await using served = await serve({ tls, limits: { handshakeTimeoutMs: 300 } });
    const begin = performance.now();
    const socket = await opened(served.port);
    if (bytes.byteLength > 0) socket.write(bytes);
    await closed(socket);
    expect(performance.now() - begin).toBeGreaterThan(290);
    expect(performance.now() - begin).toBeLessThan(20_000);
    expect(served.server.connections.handshakesFailed).toEqual({ timeout: 1 });
  });

  it('lets a handshake take just less than it may', async () => {
    await using served = await serve({ tls, limits: { handshakeTimeoutMs: 1_200 } });
    const socket = await opened(served.port);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const ca = readFileSync(certificate.cert);
    const secure = connect({ socket, ca, host: '127.0.0.1' });
    await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
    await new Promise((resolve) => setTimeout(resolve, 850));
    expect(secure.destroyed).toBe(false);
    secure.destroy();
  });

  it('admits before it shakes hands: one too many waits, and is closed without an answer', async () => {
    const limits = { connections: 1, acceptPatienceMs: 200 };
    await using served = await serve({ tls, limits });
    const first = await opened(served.port);
    await expect.poll(() => served.server.connections.count).toBe(1);
    await expect(secured(served.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(served.server.connections).toMatchObject({ accepted: 1, refused: 1, handshakesFailed: {} });
    first.destroy();
  });

  it('speaks no version older than it is told', async () => {
    const { log, lines } = keptLog();
    await using served = await serve({ tls: { ...tls, minVersion: 'TLSv1.3' }, log });
    await expect(secured(served.port, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
    expect((await secured(served.port)).getProtocol()).toBe('TLSv1.3');
    expect(served.server.connections.handshakesFailed).toEqual({ protocol: 1 });
    expect(lines[0]?.fields).toMatchObject({ reason: 'protocol', why: 'ERR_SSL_UNSUPPORTED_PROTOCOL' });
  });

  it('refuses TLS 1.1, whatever the client offers', async () => {
    await using served = await serve({ tls });
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    await expect(secured(served.port, old)).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });

  it('logs failures at a limited rate, and says how many it left out', async () => {
    const { log, lines } = keptLog();
    const clock = handClock();
    await using served = await serve({ tls, log, scheduler: clock });
    for (let n = 0; n < 20; n += 1) await exchange(served.port, 'hello');
    clock.time = 999;
    await exchange(served.port, 'hello');
    expect(lines).toHaveLength(1);
    clock.time = 1_000;
    await exchange(served.port, 'hello');
    expect(lines[1]?.fields).toMatchObject({ reason: 'no-tls', suppressed: 20, remoteAddress: '127.0.0.1' });
  });

  it('closes within its deadline, whatever state connections are in', async () => {
    await using served = await serve({ tls, limits: { closeMs: 1_000 } });
    served.server.host.onUpgrade('/ws', ({ socket }) => void socket.write('HTTP/1.1 101 x\r\n\r\n'));
    const silent = await opened(served.port);
    const half = await opened(served.port);
    half.write(Buffer.from('1603010200', 'hex'));
    const idle = await secured(served.port);
    const upgraded = ask(served.port, upgrade('/ws'));
    await expect.poll(() => served.server.connections.count).toBe(4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begin = performance.now();
    let isOver = false;
    const closing = served.server.close().then(() => (isOver = true));
    await Promise.all([silent, half, idle].map(closed));
    expect(isOver).toBe(false);
    await closing;
    expect(performance.now() - begin).toBeGreaterThan(990);
    expect(statuses(await upgraded)).toEqual([101]);
    expect(served.server.connections.count).toBe(0);
  });

  it('lets what is being answered finish when it closes', async () => {
    await using served = await serve({ tls, limits: { closeMs: 5_000 } });
    const release = Promise.withResolvers<void>();
    const isAsked = Promise.withResolvers<void>();
    served.server.host.onRequest('/slow', (_request, response) => {
      isAsked.resolve();
      void release.promise.then(() => response.end('done'));
    });
    const answer = ask(served.port, get('/slow'));
    await isAsked.promise;
    const closing = served.server.close();
    release.resolve();
    expect(await answer).toContain('done');
    await closing;
  });

  describe('with certificates of clients', () => {
    let client: Certificate;
    let stranger: Certificate;
    beforeAll(() => {
      client = makeCertificate({ authority: certificate, name: 'client' });
      stranger = other;
    });
    afterAll(() => client[Symbol.dispose]());

    const shown = ({ cert, key }: Certificate): ConnectionOptions => ({
      cert: readFileSync(cert),
      key: readFileSync(key),
    });

    it.each([
      ['require', { signed: [200], unsigned: [], none: [] }],
      ['request', { signed: [200], unsigned: [], none: [200] }],
      ['none', { signed: [200], unsigned: [200], none: [200] }],
    ] as const)('%s lets in those it should, and nobody else', async (clientCertificates, wanted) => {
      await using served = await serve({ tls: { ...tls, ca: certificate.cert, clientCertificates } });
      const statusesWith = (options: ConnectionOptions): Promise<number[]> =>
        ask(served.port, get('/livez'), options).then(statuses, () => []);
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        expect({
          signed: await statusesWith({ maxVersion, ...shown(client) }),
          unsigned: await statusesWith({ maxVersion, ...shown(stranger) }),
          none: await statusesWith({ maxVersion }),
        }).toEqual(wanted);
      }
      const refused = 2 * [wanted.unsigned, wanted.none].filter(({ length }) => length === 0).length;
      expect(served.server.connections.handshakesFailed).toEqual(
        refused === 0 ? {} : { 'client-certificate': refused },
      );
    });

    it('does not resume the session of a client whose authority is no longer trusted', async () => {
      const ca = `${client.cert}.ca`;
      copyFileSync(certificate.cert, ca);
      await using served = await serve({ tls: { ...tls, ca, clientCertificates: 'require' } });
      const first = await secured(served.port, shown(client));
      const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
      first.destroy();
      const again = await secured(served.port, { ...shown(client), session });
      expect(again.isSessionReused()).toBe(true);
      again.destroy();

      copyFileSync(stranger.cert, ca);
      await served.server.reloadCertificates();
      const answer = ask(served.port, get('/livez'), { ...shown(client), session });
      expect(statuses(await answer.catch(() => ''))).toEqual([]);
      expect(served.server.connections.handshakesFailed).toEqual({ 'client-certificate': 1 });
    });
  });

  describe('while certificates are renewed', () => {
    /** A copy of the first certificate, to be overwritten. */
    function copy(): { files: ServerTls; become(next: Certificate): void } {
      const cert = `${certificate.cert}.copy`;
      const key = `${certificate.key}.copy`;
      const become = (next: Certificate): void => {
        copyFileSync(next.cert, cert);
        copyFileSync(next.key, key);
      };
      become(certificate);
      return { files: { ...tls, cert, key }, become };
    }

    async function nameAt(port: number): Promise<string> {
      const socket = await secured(port, { rejectUnauthorized: false });
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return String(subject.CN);
    }

    it('meets new connections with the new one, and keeps open ones', async () => {
      const { files, become } = copy();
      await using served = await serve({ tls: files });
      const before = await secured(served.port);
      expect(await nameAt(served.port)).toBe('araldo test');
      become(other);
      await served.server.reloadCertificates();
      expect(await nameAt(served.port)).toBe('other');
      before.write(get('/livez'));
      expect(statuses(String(await new Promise((resolve) => before.once('data', resolve))))).toEqual([200]);
    });

    it('keeps the one before when the new one is broken, and says why', async () => {
      const { files } = copy();
      await using served = await serve({ tls: files });
      writeFileSync(files.cert, 'not yet written');
      await expect(served.server.reloadCertificates()).rejects.toMatchObject({ code: 'invalid-certificate' });
      copyFileSync(other.cert, files.cert);
      await expect(served.server.reloadCertificates()).rejects.toMatchObject({ code: 'mismatched-key' });
      expect(await nameAt(served.port)).toBe('araldo test');
    });

    it('looks every minute, reads what has changed, and says again and again what is wrong', async () => {
      const { files, become } = copy();
      const { log, lines } = keptLog();
      const clock = handClock();
      await using served = await serve({ tls: files, log, scheduler: clock });
      const look = async (): Promise<string> => {
        const before = clock.scheduled;
        clock.fire();
        // It plans the next look when this one is over.
        await vi.waitFor(() => expect(clock.scheduled).toBeGreaterThan(before), 10_000);
        return served.server.connections.certificateExpiresAt === undefined ? '' : (lines.at(-1)?.text ?? '');
      };
      expect(await look()).toBe('');
      copyFileSync(other.cert, files.cert);
      expect(await look()).toContain('the one before stays in use');
      expect(await look()).toContain('the one before stays in use');
      expect(lines).toHaveLength(2);
      become(other);
      expect(await look()).toBe('the certificate was read again');
      expect(lines.at(-1)?.fields).toMatchObject({ subject: 'CN=other' });
      await look();
      expect(lines).toHaveLength(3);
    });

    it('does not start without a good one', async () => {
      await expect(serve({ tls: { ...tls, key: other.key } })).rejects.toMatchObject({
        code: 'mismatched-key',
      });
    });
  });
});
