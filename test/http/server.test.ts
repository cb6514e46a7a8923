import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { closed, exchange, get, opened, serve, statuses, upgrade } from './serve.ts';

describe('http server', () => {
  it('answers a request on a claimed path, with its parameters decoded', async () => {
    await using served = await serve();
    served.server.host.onRequest('/rooms/:room', (_request, response, params) => {
      response.end(JSON.stringify(params));
    });
    const answer = await fetch(`${served.url}/rooms/caf%C3%A9%2Fbar?x=1`);
    expect(await answer.json()).toEqual({ room: 'café/bar' });
  });

  it('hands an upgrade over with its socket and what was read beyond the headers', async () => {
    await using served = await serve();
    served.server.host.onUpgrade('/ws/:room', ({ socket, head, params }) => {
      socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${params['room']} ${head.toString()}`);
    });
    const answer = await exchange(served.port, `${upgrade('/ws/a')}first bytes`);
    expect(answer).toMatch(/^HTTP\/1\.1 101/);
    expect(answer).toContain('a first bytes');
  });

  it('goes to the first of overlapping claims, and to the next when that is given back', async () => {
    await using served = await serve();
    const { host } = served.server;
    const giveBack = host.onRequest('/a/:x', (_request, response) => void response.end('first'));
    host.onRequest('/a/*', (_request, response) => void response.end('second'));
    const ask = async (): Promise<string> => (await fetch(`${served.url}/a/b`)).text();
    expect(await ask()).toBe('first');
    giveBack();
    expect(await ask()).toBe('second');
  });

  it.each([
    '/',
    '/livez',
    '/readyz',
    '/metrics',
    '/status.json',
    '/assets/x.js',
    '/admin/reload',
    '/x/../livez',
  ])('keeps %s for itself', async (path) => {
    await using served = await serve();
    const { host } = served.server;
    expect(() => host.onUpgrade(path, () => undefined)).toThrow(AraldoError);
    expect(() => host.onRequest(path, () => undefined)).toThrow(
      expect.objectContaining({ code: 'reserved-path' }),
    );
  });

  it('refuses a path that is claimed twice, and not one pattern that overlaps another', async () => {
    await using served = await serve();
    const { host } = served.server;
    host.onUpgrade('/ws/:room', () => undefined);
    expect(() => host.onUpgrade('/ws/:room', () => undefined)).toThrow(
      expect.objectContaining({ code: 'reserved-path' }),
    );
    expect(() => host.onUpgrade('/ws/lobby', () => undefined)).not.toThrow();
  });

  it.each(['ws', '/:', '/(', ''])('refuses %j, which is no path', async (path) => {
    await using served = await serve();
    expect(() => served.server.host.onUpgrade(path, () => undefined)).toThrow(
      expect.objectContaining({ code: 'invalid-value' }),
    );
  });

  it('keeps its own pages under a claim that covers everything', async () => {
    await using served = await serve();
    served.server.host.onRequest('/*', (_request, response) => void response.end('claimed'));
    expect(await (await fetch(`${served.url}/livez`)).text()).toBe('ok\n');
    expect(await (await fetch(`${served.url}/else`)).text()).toBe('claimed');
  });

  it.each([
    ['an upgrade of a path that nobody claimed', upgrade('/nowhere'), 404],
    ['a request for a path that nobody claimed', get('/nowhere'), 404],
    ['an upgrade by another method', upgrade('/ws', 'POST'), 405],
    ['another method on its own page', get('/livez').replace('GET', 'POST'), 405],
    ['a plain request where WebSocket is spoken', get('/ws'), 426],
    ['an upgrade with a path that is no percent-encoding', upgrade('/rooms/%ff'), 400],
    ['a request with a path that is no percent-encoding', get('/plain/%ff'), 400],
    ['a target that is no path', get('http://localhost/livez'), 400],
    ['two Host headers', get('/livez', ['Host: localhost']), 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
  ])('answers %s', async (_what, text, status) => {
    await using served = await serve();
    const { host } = served.server;
    host.onUpgrade('/ws', () => expect.unreachable());
    host.onUpgrade('/rooms/:room', () => expect.unreachable());
    host.onRequest('/plain/:x', () => expect.unreachable());
    expect(statuses(await exchange(served.port, text))).toEqual([status]);
  });

  it('answers a request that offers another protocol as a plain one', async () => {
    await using served = await serve();
    const text = get('/livez', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']).replace(
      'Connection: close',
      'Connection: close, Upgrade, HTTP2-Settings',
    );
    expect(statuses(await exchange(served.port, text))).toEqual([200]);
  });

  it('answers 500 when a handler throws, and lives on', async () => {
    await using served = await serve();
    const { host } = served.server;
    host.onUpgrade('/ws', () => {
      throw new Error('broken');
    });
    host.onRequest('/plain', () => {
      throw new Error('broken');
    });
    expect(statuses(await exchange(served.port, upgrade('/ws')))).toEqual([500]);
    expect(statuses(await exchange(served.port, get('/plain')))).toEqual([500]);
    expect((await fetch(`${served.url}/livez`)).status).toBe(200);
  });

  it('lets an upgrade handler refuse with a status, a sentence and headers', async () => {
    await using served = await serve();
    served.server.host.onUpgrade('/ws', ({ refuse }) =>
      refuse(401, 'Who are you?', { 'www-authenticate': 'Bearer' }),
    );
    const answer = await exchange(served.port, upgrade('/ws'));
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(answer).toMatch(/\r\nwww-authenticate: Bearer\r\n/);
    expect(answer).toMatch(/\r\n\r\nWho are you\?\n$/);
  });

  it('survives connections that are reset at any moment', async () => {
    await using served = await serve();
    served.server.host.onUpgrade('/ws', ({ socket }) => void socket.write('HTTP/1.1 101 x\r\n\r\n'));
    for (const text of ['', 'GET / HT', get('/livez'), upgrade('/ws'), 'nonsense\r\n\r\n']) {
      const socket = await opened(served.port);
      socket.write(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.resetAndDestroy();
    }
    expect((await fetch(`${served.url}/livez`)).status).toBe(200);
    await expect.poll(() => served.server.connections.count).toBeLessThanOrEqual(1);
  });

  it('names the port and the cure when the port is in use', async () => {
    await using served = await serve();
    const error: unknown = await serve({ port: served.port }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'port-in-use' });
    expect(String(error)).toContain(`port ${served.port} is in use`);
    expect(String(error)).toContain('server-port');
  });

  it('says so when the address is not one of the machine', async () => {
    await expect(serve({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'listen-failed' });
  });

  it('says where it can be visited', async () => {
    await using served = await serve({ port: 0 });
    expect(served.port).toBeGreaterThan(0);
    expect((await fetch(served.url)).status).toBe(200);
  });
});

describe('http server, closing', () => {
  it('ends idle connections at once and lets what is being answered finish', async () => {
    await using served = await serve({ limits: { closeMs: 60_000 } });
    const release = Promise.withResolvers<void>();
    const isAsked = Promise.withResolvers<void>();
    served.server.host.onRequest('/slow', (_request, response) => {
      isAsked.resolve();
      void release.promise.then(() => response.end('done'));
    });
    const idle = await opened(served.port);
    const answer = new Promise<string>((resolve) => {
      request(`${served.url}/slow`, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      }).end();
    });
    await isAsked.promise;

    const begin = Date.now();
    const isClosed = served.server.close();
    await closed(idle);
    await expect(opened(served.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    release.resolve();
    expect(await answer).toBe('done');
    await isClosed;
    expect(Date.now() - begin).toBeLessThan(25_000);
  });

  it('ends what does not end by itself after the deadline, upgraded connections too', async () => {
    await using served = await serve({ limits: { closeMs: 100 } });
    served.server.host.onUpgrade('/ws', ({ socket }) => void socket.write('HTTP/1.1 101 x\r\n\r\n'));
    served.server.host.onRequest('/never', () => undefined);
    const answers = [exchange(served.port, upgrade('/ws')), exchange(served.port, get('/never'))];
    await expect.poll(() => served.server.connections.count).toBe(2);
    const begin = performance.now();
    await served.server.close();
    expect(performance.now() - begin).toBeGreaterThan(90);
    await Promise.all(answers);
    expect(served.server.connections.count).toBe(0);
  });
});
