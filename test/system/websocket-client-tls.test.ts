import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { plugin } from '../../plugins/endpoint-websocket-client/index.ts';
import { Message } from '../../src/core/message.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { mount } from '../endpoint-bench.ts';

describe.skipIf(!hasOpenssl)('endpoint-websocket-client › wss://', () => {
  let certificate: Certificate;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    certificate = makeCertificate();
    const { cert, key } = certificate;
    server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
    const echo = new WebSocketServer({ server });
    echo.on('connection', (peer) => {
      peer.on('message', (data, binary) => peer.send(data as Buffer, { binary }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
    certificate?.[Symbol.dispose]();
  });

  it('connects to a server whose certificate it is told to trust, and carries messages both ways', async () => {
    await using it = await mount(plugin, { url, tls: { ca: certificate.cert } });
    for (let n = 0; n < 1_000; n += 1) it.send(Message.of(String(n)));
    await it.until(() => it.received.length === 1_000);
    expect(it.received.map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: 1_000 }, (_, n) => n),
    );
    expect(it.leg.delivered).toBe(1_000);
  });

  it('does not connect to one that it does not trust', async () => {
    await using it = await mount(plugin, { url });
    await it.until(() => it.endpoint.lastError !== undefined);
    expect(it.endpoint.lastError?.message).toMatch(/self-signed certificate/);
  });
});
