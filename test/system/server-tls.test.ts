// The server's port under TLS, with everything that stands behind it: its pages, its peers, its own clients.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { plugin as clientPlugin } from '../../plugins/endpoint-websocket-client/index.ts';
import { Message } from '../../src/core/message.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { mount } from '../endpoint-bench.ts';
import { araldo } from './support/command.ts';
import { connect } from './support/peer.ts';
import { serve, until } from './support/server.ts';

const yaml = `
server-port: 0
server-tls: { cert: tls/../cert.pem, key: key.pem }
server-limits: { drain-timeout: 700ms }
plugins:
  - { name: in, id: endpoint-websocket, path: /in }
  - { name: out, id: endpoint-websocket, path: /out, peer: { buffer: 512KiB } }
routes:
  in: [out]
`;

describe.skipIf(!hasOpenssl)('server-tls (with openssl)', () => {
  let certificate: Certificate;
  let folder: string;
  let file: string;
  let ca: Buffer;
  beforeAll(() => {
    certificate = makeCertificate();
    folder = mkdtempSync(join(tmpdir(), 'araldo-system-tls-'));
    file = join(folder, 'araldo.yaml');
    copyFileSync(certificate.cert, join(folder, 'cert.pem'));
    copyFileSync(certificate.key, join(folder, 'key.pem'));
    writeFileSync(file, yaml);
    ca = readFileSync(certificate.cert);
  });
  afterAll(() => {
    certificate[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  function get(port: number, path: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', path, ca, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      })
        .on('error', reject)
        .end();
    });
  }

  it('serves the probes, the page and the metrics, and says where', async () => {
    await using araldo = await serve(file);
    const { port, server } = araldo;
    expect(server.address.url).toBe(`https://127.0.0.1:${port}/`);
    await until('it is ready', async () => (await get(port, '/readyz')).status === 200);
    expect((await get(port, '/')).text).toContain('<html');
    const { text } = await get(port, '/metrics');
    const expiry = /^araldo_tls_certificate_expiry_seconds (\d+)$/m.exec(text)?.[1];
    expect(Math.abs(Number(expiry) - Date.now() / 1_000 - 24 * 3_600)).toBeLessThan(120);
  });

  it('relays between WebSocket peers in order, and cuts off only the one that does not read', async () => {
    await using araldo = await serve(file);
    const { port, server } = araldo;
    using sender = await connect(port, '/in', { ca });
    using reader = await connect(port, '/out', { ca });
    using stalled = await connect(port, '/out', { ca });
    stalled.socket.pause();
    const text = 'x'.repeat(16_000);
    const peers = () => server.status().endpoints.find(({ name }) => name === 'out')?.peers;
    let sent = 0;
    // Until its socket, the kernel's buffers and its own are full.
    for (; peers()?.refused['too-slow'] === undefined; sent += 1) {
      sender.send(`${sent} ${text}`);
      if (sent % 10 === 0) await reader.has(sent);
    }
    const received = await reader.has(sent);
    expect(received.map((message) => Number.parseInt(String(message), 10))).toEqual(
      Array.from({ length: sent }, (_, n) => n),
    );
    expect(peers()).toMatchObject({ connected: 1, lagging: 0, lost: {} });
  });

  it('says goodbye to its peers when it stops', async () => {
    const araldo = await serve(file);
    using peer = await connect(araldo.port, '/out', { ca });
    const left = await araldo.server.stop();
    expect(left).toMatchObject({ unsettled: 0, undelivered: 0 });
    expect(await peer.closed).toBe(1001);
  });

  it('is what an endpoint-websocket-client connects to that trusts it, and no other', async () => {
    await using araldo = await serve(file);
    const url = `wss://127.0.0.1:${araldo.port}`;
    await using trusting = await mount(clientPlugin, {
      url: `${url}/out`,
      tls: { ca: certificate.cert },
    });
    await until('it is connected', () => trusting.endpoint.state === 'open');
    await using sending = await mount(clientPlugin, { url: `${url}/in`, tls: { ca: ca.toString() } });
    for (let n = 0; n < 100; n += 1) sending.send(Message.of(String(n)));
    await trusting.until(() => trusting.received.length === 100);
    expect(trusting.received.map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );

    await using doubting = await mount(clientPlugin, { url: `${url}/out` });
    await doubting.until(() => doubting.endpoint.lastError !== undefined);
    expect(doubting.endpoint.lastError?.message).toMatch(/self-signed certificate/);
  });

  it('reads renewed certificates when it is told to', async () => {
    using renewed = makeCertificate({ name: 'renewed' });
    await using araldo = await serve(file);
    try {
      copyFileSync(renewed.cert, join(folder, 'cert.pem'));
      await expect(araldo.server.reloadCertificates()).rejects.toMatchObject({ code: 'mismatched-key' });
      using before = await connect(araldo.port, '/out', { ca });
      copyFileSync(renewed.key, join(folder, 'key.pem'));
      await araldo.server.reloadCertificates();
      await expect(connect(araldo.port, '/out', { ca })).rejects.toMatchObject({
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      });
      using after = await connect(araldo.port, '/out', { ca: readFileSync(renewed.cert) });
      using sender = await connect(araldo.port, '/in', { ca: readFileSync(renewed.cert) });
      sender.send('hello');
      expect([await before.has(1), await after.has(1)]).toEqual([['hello'], ['hello']]);
    } finally {
      copyFileSync(certificate.cert, join(folder, 'cert.pem'));
      copyFileSync(certificate.key, join(folder, 'key.pem'));
    }
  });

  it('says in the first line of the command where to go, and refuses a key of another', async () => {
    await using good = araldo(folder, '-c', 'araldo.yaml');
    await until('it says so', () => /open https:\/\/127\.0\.0\.1:\d+\//.test(good.out.stderr));

    using other = makeCertificate();
    copyFileSync(other.key, join(folder, 'other.pem'));
    writeFileSync(join(folder, 'bad.yaml'), yaml.replace('key: key.pem', 'key: other.pem'));
    await using bad = araldo(folder, '-c', 'bad.yaml');
    expect(await bad.code).toBe(78);
    expect(bad.out.stderr).toContain('mismatched-key');
    expect(bad.out.stderr).toContain('bad.yaml:3:43');
  });
});

describe('server-limits', () => {
  it('are those of the server that is started', async () => {
    await using araldo = await serve({
      'server-limits': { connections: 1, 'accept-patience': '100ms', 'header-count': 20 },
    });
    const headers = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`x-${n}`, '1']));
    expect((await araldo.get('/livez', { ...headers, connection: 'close' })).status).toBe(431);
    await until('the place is free', () => araldo.get('/livez', { connection: 'close' }).then((r) => r.ok));
  });

  it('say how long a stop may take that has something left', async () => {
    const started = await serve({
      'server-limits': { 'drain-timeout': '300ms' },
      plugins: [
        { name: 'a', id: 'endpoint-mock' },
        { name: 'b', id: 'endpoint-mock' },
      ],
      routes: { a: ['b'] },
    });
    const { server } = started;
    const a = server.endpoint<MockEndpoint>('a');
    const b = server.endpoint<MockEndpoint>('b');
    b.stall();
    a.emit('x');
    const begin = performance.now();
    expect((await server.stop()).unsettled).toBe(1);
    expect(performance.now() - begin).toBeGreaterThan(290);
    // The deadline is 10 s where nothing is said.
    expect(performance.now() - begin).toBeLessThan(8_000);
  });
});
