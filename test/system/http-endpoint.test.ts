// HTTP both ways against programs that are not ours: curl sends, and a bare node:http server takes.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { hasOpenssl, makeCertificate } from '../certificate.ts';
import { serve, type TestServer, until } from './support/server.ts';

const run = promisify(execFile);

/** The status and the body that curl got. */
async function curl(araldo: TestServer, path: string, ...args: readonly string[]) {
  const url = `http://127.0.0.1:${araldo.port}${path}`;
  const { stdout } = await run('curl', ['-sS', '-m', '10', '-w', '\n%{http_code}', ...args, url]);
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at).trim() };
}

const out = { name: 'out', id: 'endpoint-mock' };
const dead = { name: 'dead', id: 'endpoint-mock' };
/** The JSON of a body, behind its headers where they are there. */
const problemIn = (body: string): unknown => JSON.parse(body.slice(body.indexOf('{')));
const sentTo = (araldo: TestServer, name = 'out') => araldo.server.endpoint<MockEndpoint>(name).sent;

describe('endpoint-http takes what curl sends', () => {
  const start = (options: object, route: object = { to: ['out'] }) =>
    serve({
      plugins: [{ name: 'in', id: 'endpoint-http', path: '/orders/:tenant', ...options }, out],
      routes: { in: route },
    });

  test('with its headers and parameters in meta, and answers 202', async () => {
    await using araldo = await start({ 'accept-headers': ['x-trace'] });
    const json = ['-H', 'content-type: application/json', '-H', 'idempotency-key: o-1', '-H', 'x-trace: t'];
    expect(await curl(araldo, '/orders/acme?dry=1', ...json, '-d', '{"a":1}')).toEqual({
      status: 202,
      body: '{"status":"accepted","messages":1}',
    });
    expect(sentTo(araldo)[0]).toMatchObject({
      payload: '{"a":1}',
      meta: {
        id: 'o-1',
        endpoint: 'in',
        contentType: 'application/json',
        headers: { 'x-trace': 't' },
        params: { tenant: 'acme' },
        query: { dry: '1' },
      },
    });
  });

  test('as many messages, of a body of lines', async () => {
    await using araldo = await start({ 'max-messages': 3 });
    const lines = ['-H', 'content-type: application/x-ndjson', '-H', 'idempotency-key: k', '--data-binary'];
    expect(await curl(araldo, '/orders/a', ...lines, '1\n2\n3\n')).toMatchObject({ status: 202 });
    expect(sentTo(araldo).map(({ payload, id }) => [payload, id])).toEqual([
      ['1', 'k/0'],
      ['2', 'k/1'],
      ['3', 'k/2'],
    ]);
    expect(await curl(araldo, '/orders/a', ...lines, '1\n2\n3\n4')).toMatchObject({ status: 413 });
  });

  test('and refuses what it must not take', async () => {
    await using araldo = await start({
      'max-payload': 10,
      'content-types': ['text/*'],
      origins: ['http://good.test'],
    });
    const text = ['-H', 'content-type: text/plain'];
    const refused = async (...args: string[]) => (await curl(araldo, '/orders/a', ...args)).status;
    expect(await refused(...text, '-d', '0123456789')).toBe(202);
    expect(await refused(...text, '-d', '0123456789a')).toBe(413);
    expect(await refused(...text, '-H', 'transfer-encoding: chunked', '-d', 'x'.repeat(100_000))).toBe(413);
    expect(await refused('-H', 'content-type: application/json', '-d', '{}')).toBe(415);
    expect(await refused(...text, '-H', 'content-encoding: gzip', '-d', 'x')).toBe(415);
    expect(await refused()).toBe(405);
    expect(await refused(...text, '-H', 'origin: http://evil.test', '-d', 'x')).toBe(403);
    expect(await refused(...text, '-H', 'origin: http://good.test', '-d', 'x')).toBe(202);
    expect((await curl(araldo, '/orders/a', '-i', '-X', 'PATCH')).body).toMatch(/^allow: POST, PUT\r?$/im);
    expect(sentTo(araldo)).toHaveLength(2);
  });

  test('reads no more of a body than it takes', async () => {
    await using araldo = await start({ 'max-payload': '64KiB' });
    const answer = await new Promise<{ status: number; sent: number }>((resolve, reject) => {
      const sending = request({ port: araldo.port, path: '/orders/a', method: 'POST' }, (response) => {
        resolve({ status: response.statusCode ?? 0, sent: sending.socket?.bytesWritten ?? 0 });
        sending.destroy();
      });
      sending.on('error', reject);
      sending.setHeader('content-length', 1_000_000_000);
      sending.write(Buffer.alloc(1024));
    });
    expect(answer).toMatchObject({ status: 413 });
  });

  test('with 503 while its gate is shut, and again when it is open', async () => {
    await using araldo = await start({ patience: '50ms' });
    const { inbound } = araldo.server.endpoint('in');
    const holder = { name: 'slow' };
    inbound.hold(holder);
    const { status, body } = await curl(araldo, '/orders/a', '-i', '-d', 'x');
    expect(status).toBe(503);
    expect(body.toLowerCase()).toContain('retry-after: 1');
    expect(inbound.stashedPeak).toBe(0);
    setTimeout(() => inbound.release(holder), 20);
    expect((await curl(araldo, '/orders/a', '-d', 'y')).status).toBe(202);
    expect(sentTo(araldo).map(({ payload }) => payload)).toEqual(['y']);
  });

  test('and says what became of it, where it is to be delivered', async () => {
    await using araldo = await start(
      { ack: 'delivered', timeout: '300ms' },
      { to: ['out'], 'on-error': 'nack' },
    );
    const mock = araldo.server.endpoint<MockEndpoint>('out');
    expect(await curl(araldo, '/orders/a', '-d', 'x')).toEqual({
      status: 200,
      body: '{"status":"acked","messages":1}',
    });
    mock.failNext(1);
    const nacked = await curl(araldo, '/orders/a', '-i', '-d', 'y');
    expect(nacked.status).toBe(503);
    expect(nacked.body).toMatch(/^retry-after: 1\r?$/im);
    expect(problemIn(nacked.body)).toMatchObject({ status: 503, code: 'sink-rejected' });
    mock.stall();
    expect(await curl(araldo, '/orders/a', '-d', 'z')).toMatchObject({ status: 503 });
    mock.proceed();
    const waiting = curl(araldo, '/orders/a', '-d', 'last');
    await waiting;
    expect(mock.sent.map(({ payload }) => payload)).toEqual(['x', 'z', 'last']);
  });

  test.each([
    ['kept as a dead letter', { 'dead-letter': 'dead' }, 202, { status: 'set-aside', code: 'sink-rejected' }],
    ['given up', 'discard', 502, { title: 'Bad Gateway', code: 'sink-rejected' }],
  ])('and says that one was %s', async (_fact, onError, status, told) => {
    await using araldo = await serve({
      plugins: [{ name: 'in', id: 'endpoint-http', path: '/in', ack: 'delivered' }, out, dead],
      routes: { in: { to: ['out'], 'on-error': onError } },
    });
    araldo.server.endpoint<MockEndpoint>('out').failNext(1);
    const answer = await curl(araldo, '/in', '-d', 'x');
    expect(answer.status).toBe(status);
    expect(problemIn(answer.body)).toMatchObject(told);
  });

  test('and says why one reached no sink', async () => {
    await using araldo = await serve({
      plugins: [
        { name: 'in', id: 'endpoint-http', path: '/in', ack: 'delivered' },
        { name: 'json', id: 'marshal-json' },
        out,
        dead,
      ],
      routes: {
        in: {
          via: [
            { filter: 'payload.n > 0' },
            { dedupe: { key: 'payload.n', for: '1m', max: 10 } },
            { validate: { schema: { properties: { n: { maximum: 9 } } } } },
          ],
          to: [
            { to: 'out', when: 'payload.n < 3' },
            { to: 'dead', when: 'payload.n < 2' },
          ],
        },
      },
    });
    const lines = ['-H', 'content-type: application/x-ndjson', '--data-binary'];
    const told = async (...args: string[]): Promise<unknown> => {
      const { status, body } = await curl(araldo, '/in', ...args);
      return [status, problemIn(body)];
    };
    const discarded = (messages: number, reasons: object): unknown => [
      202,
      { status: 'discarded', messages, discarded: reasons },
    ];
    expect(await told('-d', '{"n":1}')).toEqual([200, { status: 'acked', messages: 1 }]);
    expect(await told('-d', '{"n":1}')).toEqual(discarded(1, { duplicate: 1 }));
    // One of two sinks is all that it was for.
    expect(await told('-d', '{"n":2}')).toEqual([200, { status: 'acked', messages: 1 }]);
    expect(await told('-d', '{"n":3}')).toEqual(discarded(1, { filtered: 1 }));
    expect(await told(...lines, '{"n":0}\n{"n":1}\n{"n":4}\n{"n":5}')).toEqual(
      discarded(4, { filtered: 3, duplicate: 1 }),
    );
    expect(await told('-d', '{"n":10}')).toEqual([
      422,
      expect.objectContaining({ title: 'Unprocessable Entity', code: 'invalid-payload' }),
    ]);
    expect(await told('-d', 'no json')).toEqual([
      422,
      expect.objectContaining({ code: 'malformed-payload' }),
    ]);
  });

  test('and answers with what a route sends back', async () => {
    await using araldo = await serve({
      plugins: [
        { name: 'ask', id: 'endpoint-http', path: '/ask', reply: true, timeout: '300ms' },
        { name: 'json', id: 'marshal-json' },
      ],
      routes: {
        ask: { via: [{ filter: 'payload.n > 0' }, { map: '{"twice": payload.n + payload.n}' }], to: ['ask'] },
      },
    });
    const asked = await Promise.all(
      [1, 2, 3].map((n) => curl(araldo, '/ask', '-H', `correlation-id: c${n}`, '-d', `{"n":${n}}`)),
    );
    expect(asked).toEqual([2, 4, 6].map((twice) => ({ status: 200, body: `{"twice":${twice}}` })));
    expect((await curl(araldo, '/ask', '-d', '{"n":0}')).status).toBe(504);
    // After a failure there is no answer to wait for.
    expect((await curl(araldo, '/ask', '-d', 'no json')).status).toBe(422);
  });
});

describe('endpoint-http sends what a server takes', () => {
  interface Taken {
    readonly body: string;
    readonly headers: IncomingMessage['headers'];
  }

  async function web(answer: (taken: Taken, response: ServerResponse) => void, port = 0) {
    const taken: Taken[] = [];
    const sockets = new Set<unknown>();
    let underWay = 0;
    let most = 0;
    const server = createServer((incoming, response) => {
      sockets.add(incoming.socket);
      underWay += 1;
      most = Math.max(most, underWay);
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const one = { body: Buffer.concat(chunks).toString(), headers: incoming.headers };
        taken.push(one);
        response.once('close', () => {
          underWay -= 1;
        });
        answer(one, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
      taken,
      port: (server.address() as AddressInfo).port,
      get most() {
        return most;
      },
      get connections() {
        return sockets.size;
      },
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  const start = (port: number, options: object = {}, route: object = {}) =>
    serve({
      plugins: [
        { name: 'in', id: 'endpoint-mock' },
        { name: 'to', id: 'endpoint-http', url: `http://me:pass%20word@127.0.0.1:${port}/hook`, ...options },
        { name: 'text', id: 'marshal-text' },
        { name: 'dead', id: 'endpoint-mock', marshal: 'none' },
      ],
      routes: { in: { to: [{ to: 'to', ...route }], 'on-error': { 'dead-letter': 'dead' } } },
    });
  const emit = (araldo: TestServer, payload: string, meta = {}) =>
    araldo.server.endpoint<MockEndpoint>('in').emit(payload, meta);
  const isOpen = (araldo: TestServer) => araldo.server.endpoint('to').state === 'open';

  test('over connections that are kept, with its bound of requests and the order of a key', async () => {
    await using server = await web((_taken, response) => setTimeout(() => response.end('thanks'), 2));
    await using araldo = await start(server.port, { concurrency: 4, headers: { 'x-from': 'araldo' } });
    await until('it is open', () => isOpen(araldo));
    for (let place = 0; place < 100; place += 1)
      emit(araldo, `${place}`, { key: `k${place % 5}`, id: `m${place}` });
    await until('all have arrived', () => server.taken.length === 100);
    for (let key = 0; key < 5; key += 1) {
      const places = server.taken
        .filter(({ body }) => Number(body) % 5 === key)
        .map(({ body }) => Number(body));
      expect(places).toEqual(Array.from({ length: 20 }, (_, place) => place * 5 + key));
    }
    expect(server.most).toBe(4);
    expect(server.connections).toBeLessThanOrEqual(4);
    expect(server.taken[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('me:pass word').toString('base64')}`,
      'x-from': 'araldo',
      'idempotency-key': 'm0',
      'araldo-key': 'k0',
      'content-type': 'text/plain; charset=utf-8',
    });
    await until('all are confirmed', () => araldo.server.endpoint('to').outbound.held === 0);
  });

  test('in one order, with one request at a time', async () => {
    await using server = await web((_taken, response) => setTimeout(() => response.end(), Math.random() * 3));
    await using araldo = await start(server.port, { concurrency: 1 });
    for (let place = 0; place < 30; place += 1) emit(araldo, `${place}`);
    await until('all have arrived', () => server.taken.length === 30);
    expect(server.taken.map(({ body }) => Number(body))).toEqual(
      Array.from({ length: 30 }, (_, place) => place),
    );
  });

  test('and tells the fault of a message from that of the server', async () => {
    const down = new Map<string, number>();
    await using server = await web(({ body }, response) => {
      const count = (down.get(body) ?? 0) + 1;
      down.set(body, count);
      if (body === 'bad') response.statusCode = 422;
      else if (body === 'poison') response.statusCode = 500;
      else if (body === 'busy' && count < 4) response.statusCode = 503;
      response.end('x'.repeat(100_000));
    });
    await using araldo = await start(server.port, { tries: 2 });
    for (const payload of ['a', 'bad', 'busy', 'poison', 'z']) emit(araldo, payload);
    const arrived = () => araldo.server.endpoint('to').outbound.held === 0;
    await until('all have their end', () => arrived() && sentTo(araldo, 'dead').length === 2);
    expect(new Set(sentTo(araldo, 'dead').map(({ payload }) => payload))).toEqual(new Set(['bad', 'poison']));
    expect(down.get('bad')).toBe(1);
    expect(down.get('busy')).toBe(4);
    expect(down.get('poison')).toBe(2);
    expect(JSON.stringify(araldo.log)).toContain('answered 50');
    expect(JSON.stringify(araldo.log)).not.toContain('pass word');
  });

  test('once more where the server asks for it, and not before', async () => {
    let refusedAt = 0;
    let cameAgainMs = 0;
    await using server = await web((_taken, response) => {
      if (refusedAt > 0) cameAgainMs = performance.now() - refusedAt;
      else {
        refusedAt = performance.now();
        response.writeHead(429, { 'retry-after': '1' });
      }
      response.end();
    });
    await using araldo = await start(server.port);
    emit(araldo, 'a');
    await until('it came again', () => cameAgainMs > 0);
    expect(cameAgainMs).toBeGreaterThan(990);
  });

  test('when it is back, after a time-out and an end of the server', async () => {
    let port = 0;
    {
      await using server = await web(() => undefined);
      port = server.port;
      await using araldo = await start(port, { timeout: '100ms' });
      for (const payload of ['a', 'b', 'c']) emit(araldo, payload);
      await until('a time-out', () =>
        araldo.server.endpoint('to').lastError?.message.includes('within 100ms'),
      );
    }
    await using araldo = await start(port, { timeout: '1s' });
    for (const payload of ['a', 'b', 'c']) emit(araldo, payload);
    await until('it is refused', () =>
      araldo.server.endpoint('to').lastError?.message.includes('ECONNREFUSED'),
    );
    await using server = await web((_taken, response) => response.end(), port);
    await until('all have arrived', () => server.taken.length === 3);
    expect(sentTo(araldo, 'dead')).toEqual([]);
  });

  test('and follows no redirect', async () => {
    await using other = await web((_taken, response) => response.end());
    await using server = await web((_taken, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` });
      response.end();
    });
    await using araldo = await start(server.port);
    emit(araldo, 'a');
    await until('it says so', () =>
      araldo.server.endpoint('to').lastError?.message.includes('redirects are not followed'),
    );
    expect(other.taken).toEqual([]);
  });

  test.skipIf(!hasOpenssl)('over TLS, to a server that it is told to trust and to no other', async () => {
    using certificate = makeCertificate();
    const { cert, key } = certificate;
    let taken = 0;
    const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => {
      taken += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const web = { id: 'endpoint-http', url: `https://127.0.0.1:${port}/` };
    {
      await using araldo = await serve({
        plugins: [
          { name: 'in', id: 'endpoint-mock' },
          { name: 'trusted', ...web, tls: { ca: cert } },
          { name: 'other', ...web },
          { name: 'text', id: 'marshal-text' },
        ],
        routes: { in: ['trusted', 'other'] },
      });
      araldo.server.endpoint<MockEndpoint>('in').emit('a');
      await until('it has arrived', () => taken === 1);
      await until('the other says why', () => araldo.server.endpoint('other').lastError !== undefined);
      expect(araldo.server.endpoint('other').lastError?.message).toContain('self-signed');
    }
    server.closeAllConnections();
    server.close();
    expect(taken).toBe(1);
  });
});
