import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { plugin } from '../../plugins/endpoint-websocket-client/index.ts';
import type { Holder, Message } from '../../src/core/message.ts';
import { Message as Made } from '../../src/core/message.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';

/** A WebSocket server on a port of its own, ended and started again at will. */
async function startServer(port = 0) {
  const http = createServer();
  const server = new WebSocketServer({ server: http, maxPayload: 64 * 1024 * 1024 });
  const clients: WebSocket[] = [];
  const received: { text: string; isBinary: boolean }[] = [];
  const handshakes: { headers: Record<string, unknown>; url: string | undefined }[] = [];
  server.on('connection', (client, { headers, url }) => {
    clients.push(client);
    handshakes.push({ headers, url });
    client.on('message', (data, isBinary) => received.push({ text: (data as Buffer).toString(), isBinary }));
    client.on('error', () => undefined);
  });
  await listening(http, port);
  return {
    url: `ws://127.0.0.1:${portOf(http)}`,
    port: portOf(http),
    clients,
    received,
    handshakes,
    /** As a crash: no close frames. */
    kill() {
      for (const client of server.clients) client.terminate();
      server.close();
      return new Promise((resolve) => http.close(resolve));
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
}

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
const payloads = (messages: readonly Message[]) => messages.map(({ payload }) => payload);

describe('endpoint-websocket-client', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(async () => {
    await server.kill();
  });

  async function open(options: object = {}, more?: MountOptions): Promise<Mounted> {
    const it = await mount(plugin, { url: server.url, ...options }, more);
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }

  it('takes text for text and binary for binary', async () => {
    await using it = await open();
    server.clients[0]?.send('grüße');
    server.clients[0]?.send(Buffer.from([0, 255]));
    await it.until(() => it.received.length === 2);
    expect(it.received[0]?.payload).toBe('grüße');
    expect(Buffer.from(it.received[1]?.payload as Uint8Array)).toEqual(Buffer.from([0, 255]));
    expect(it.received[0]?.meta).toMatchObject({ endpoint: 'it', lane: 'it' });
  });

  it('sends in order, and confirms', async () => {
    await using it = await open();
    for (let n = 0; n < 5_000; n += 1) it.send(Made.of(String(n)));
    await it.until(() => server.received.length === 5_000 && it.leg.held === 0);
    expect(server.received.map(({ text }) => Number(text))).toEqual(
      Array.from({ length: 5_000 }, (_, n) => n),
    );
    expect(it.leg.delivered).toBe(5_000);
  });

  it('sends text as text and other bytes as binary', async () => {
    await using it = await open();
    it.send(Made.of('text'));
    it.send(Made.of(Buffer.from('utf-8')));
    it.send(Made.of(Buffer.from([0xff])));
    await it.until(() => server.received.length === 3);
    expect(server.received.map(({ isBinary }) => isBinary)).toEqual([false, false, true]);
  });

  it('does not change the bytes that it sends: others may hold them', async () => {
    await using it = await open();
    const shared = Buffer.alloc(70_000, 'x');
    it.send(Made.of(shared));
    await it.until(() => server.received.length === 1);
    expect(shared.every((byte) => byte === 'x'.charCodeAt(0))).toBe(true);
  });

  it('shakes hands with its headers, subprotocols, query and login, and without compression', async () => {
    const url = `${server.url.replace('//', '//user:pass@')}/path?room=1`;
    await using _it = await open({ url, headers: { 'X-Tenant': 'acme' }, subprotocols: ['one', 'two'] });
    const { headers, url: path } = server.handshakes[0]!;
    expect(path).toBe('/path?room=1');
    expect(headers).toMatchObject({
      'x-tenant': 'acme',
      'sec-websocket-protocol': 'one,two',
      authorization: `Basic ${btoa('user:pass')}`,
    });
    expect(headers['sec-websocket-extensions']).toBeUndefined();
  });

  it('stops reading while its gate is shut, so that the server has to wait', async () => {
    await using it = await open();
    const holder: Holder = { name: 'test' };
    it.endpoint.inbound.hold(holder);
    const client = server.clients[0]!;
    const megabyte = Buffer.alloc(512 * 1024);
    for (let n = 0; n < 64; n += 1) client.send(megabyte);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(it.received).toHaveLength(0);
    expect(it.endpoint.inbound.stashed).toBeLessThan(4);
    expect(client.bufferedAmount).toBeGreaterThan(16 * 1024 * 1024);
    it.endpoint.inbound.release(holder);
    await it.until(() => it.received.length === 64);
  });

  it('reads nothing from a new connection while its gate is shut', async () => {
    await using it = await open();
    const holder: Holder = { name: 'test' };
    it.endpoint.inbound.hold(holder);
    server.clients[0]?.send('first');
    await it.until(() => it.endpoint.inbound.stashed === 1);
    server.clients[0]?.terminate();
    // A paused socket does not see its end: a failed write does.
    const poke = setInterval(() => it.send(Made.of('poke')), 5);
    await it.until(() => server.clients.length === 2);
    clearInterval(poke);
    for (let n = 0; n < 100; n += 1) server.clients[1]?.send(String(n));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(it.endpoint.inbound.stashed).toBe(1);
    it.endpoint.inbound.release(holder);
    await it.until(() => it.received.length === 101);
    expect(payloads(it.received).slice(0, 3)).toEqual(['first', '0', '1']);
  });

  it('takes a payload of 1 MiB and ends the connection for a larger one', async () => {
    await using it = await open();
    server.clients[0]?.send(Buffer.alloc(1024 * 1024));
    await it.until(() => it.received.length === 1);
    const closed = new Promise<number>((resolve) => server.clients[0]?.once('close', resolve));
    server.clients[0]?.send(Buffer.alloc(1024 * 1024 + 1));
    expect(await closed).toBe(1009);
    await it.until(() => it.endpoint.reconnects === 1);
    expect(it.received).toHaveLength(1);
  });

  it('flows again after the server was killed and restarted under traffic', async () => {
    await using it = await open();
    let sent = 0;
    const traffic = setInterval(() => it.send(Made.of(String(sent++))), 5);
    try {
      await it.until(() => server.received.length > 20);
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, 200));
      const first = server.received.length;
      server = await startServer(server.port);
      await it.until(() => server.received.length > 20);
      expect(it.endpoint.reconnects).toBe(1);
      expect(first).toBeGreaterThan(20);
    } finally {
      clearInterval(traffic);
    }
    await it.until(() => it.leg.held === 0);
    expect(it.leg.delivered).toBe(sent);
  });

  it('notices a server that answers no ping', async () => {
    const ping = { every: '100ms', timeout: '200ms' };
    await using it = await open({ ping });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(it.endpoint.reconnects).toBe(0);
    const { _socket: socket } = server.clients[0] as unknown as { _socket: { pause(): void } };
    socket.pause();
    await it.until(() => it.endpoint.reconnects === 1);
  });

  it('does not take a server for dead while it reads nothing itself', async () => {
    await using it = await open({ ping: { every: '50ms', timeout: '100ms' } });
    const holder: Holder = { name: 'test' };
    it.endpoint.inbound.hold(holder);
    server.clients[0]?.send('stashed');
    await it.until(() => it.endpoint.inbound.stashed === 1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(it.endpoint.reconnects).toBe(0);
    it.endpoint.inbound.release(holder);
    await it.until(() => it.received.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(it.endpoint.reconnects).toBe(0);
  });

  it('says goodbye when it is stopped', async () => {
    const it = await open();
    const closed = new Promise<number>((resolve) => server.clients[0]?.once('close', resolve));
    await it.supervisor.stop();
    expect(await closed).toBe(1000);
  });

  it('says why the server hung up', async () => {
    const errors: string[] = [];
    await using other = await mount(
      plugin,
      { url: server.url },
      { log: { ...quiet, warn: (_f, text) => errors.push(text) } },
    );
    await other.until(() => other.endpoint.state === 'open');
    server.clients.at(-1)?.close(1008, 'not you');
    await other.until(() => errors.length > 0);
    expect(errors[0]).toBe(
      `it: lost the connection to ${server.url}/: the other side closed it with 1008 "not you"; trying again`,
    );
  });
});

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

describe('endpoint-websocket-client › handshakes that fail', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  async function answering(status: number, headers: Record<string, string> = {}): Promise<string> {
    const server = createServer();
    servers.push(server);
    server.on('upgrade', (_request, socket) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} Said So\r\n${lines.join('')}content-length: 0\r\n\r\n`);
    });
    await listening(server, 0);
    return `ws://user:hunter22@127.0.0.1:${portOf(server)}/path?token=hunter22`;
  }

  it.each([
    [401, 'check the credentials in headers or url'],
    [403, 'check the credentials in headers or url'],
    [404, 'check the path in url'],
    [301, 'redirects are not followed, so write the final address as url'],
    [503, ''],
  ])('name the status %i and the cure, and no secret', async (status, cure) => {
    const url = await answering(status, { location: 'ws://127.0.0.1:1/' });
    await using it = await mount(plugin, { url });
    await it.until(() => it.endpoint.lastError !== undefined);
    const { code, message } = it.endpoint.lastError!;
    expect(code).toBe('connect-failed');
    expect(message).toBe(
      `could not connect to ws://${new URL(url).host}/path: it answered ${status} Said So${cure === '' ? '' : `; ${cure}`}`,
    );
  });

  it('name the address where nobody listens', async () => {
    const url = await answering(200);
    servers[0]?.close();
    await using it = await mount(plugin, { url });
    await it.until(() => it.endpoint.lastError !== undefined);
    expect(it.endpoint.lastError?.message).toContain('connect ECONNREFUSED 127.0.0.1:');
    expect(it.endpoint.lastError?.message).not.toContain('hunter22');
  });

  it('end at the deadline when nothing is answered', async () => {
    const server = createServer();
    servers.push(server);
    server.on('upgrade', () => undefined);
    await listening(server, 0);
    await using it = await mount(
      plugin,
      { url: `ws://127.0.0.1:${portOf(server)}` },
      { openDeadlineMs: 200 },
    );
    await it.until(() => it.endpoint.lastError?.code === 'open-timeout');
  });
});
