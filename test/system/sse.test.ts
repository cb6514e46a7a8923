// Events both ways against programs that are not ours: curl listens, and a bare node:http server tells.

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { serve, type TestServer, until } from './support/server.ts';

const text = { name: 'text', id: 'marshal-text' };

describe('endpoint-sse serves streams', () => {
  const start = (options: object = {}, path = '/news') =>
    serve({
      plugins: [
        { name: 'in', id: 'endpoint-mock' },
        { name: 'news', id: 'endpoint-sse', path, ...options },
        text,
      ],
      routes: { in: ['news'] },
    });
  const emit = (araldo: TestServer, payload: string, meta = {}) =>
    araldo.server.endpoint<MockEndpoint>('in').emit(payload, meta);
  const connected = (araldo: TestServer) => araldo.server.endpoint('news').peers?.connected ?? 0;

  /** A stream as curl gets it. */
  function listen(araldo: TestServer, path: string, ...args: readonly string[]) {
    const url = `http://127.0.0.1:${araldo.port}${path}`;
    const child: ChildProcess = spawn('curl', ['-sSN', '-m', '10', ...args, url]);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const all = (): string => Buffer.concat(chunks).toString();
    child.stdout?.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
    });
    return {
      get bytes() {
        return bytes;
      },
      get out() {
        return all();
      },
      data: () => [...all().matchAll(/^data: (.*)$/gm)].map((match) => match[1]),
      [Symbol.dispose]: () => void child.kill('SIGKILL'),
    };
  }

  test('to every peer, and to who comes back what it missed', async () => {
    await using araldo = await start({ history: { messages: 3 }, 'keep-alive': '50ms', retry: '2s' });
    let lastId = '';
    {
      using one = listen(araldo, '/news', '-i');
      using other = listen(araldo, '/news');
      await until('both listen', () => connected(araldo) === 2);
      emit(araldo, 'first\nsecond');
      await until('both have it', () => one.data().length === 2 && other.data().length === 2);
      expect(one.out).toMatch(/^content-type: text\/event-stream/im);
      const events = other.out.replaceAll(':\n\n', '');
      expect(events).toMatch(/^retry: 2000\n\nid: \w+-1\ndata: first\ndata: second\n\n/);
      await until('a comment', () => other.out.includes('\n:\n\n'));
      lastId = /^id: (.*)$/m.exec(other.out)?.[1] ?? '';
    }
    await until('both have gone', () => connected(araldo) === 0);
    for (const payload of ['a', 'b', 'c', 'd']) emit(araldo, payload);
    {
      using back = listen(araldo, '/news', '-H', `last-event-id: ${lastId}`);
      await until('it has what is left', () => back.data().length === 4);
      emit(araldo, 'e');
      await until('it goes on', () => back.data().length === 5);
      expect(back.data()).toEqual(['{"messages":1}', 'b', 'c', 'd', 'e']);
      expect(back.out).toContain('event: araldo-lost');
    }
    using stranger = listen(araldo, '/news', '-H', 'last-event-id: elsewhere-7');
    await until('all there is', () => stranger.data().length === 4);
  });

  test('to the peers of a room', async () => {
    await using araldo = await start({ event: 'said' }, '/rooms/:room');
    using one = listen(araldo, '/rooms/one');
    using two = listen(araldo, '/rooms/two');
    await until('both listen', () => connected(araldo) === 2);
    emit(araldo, 'a', { params: { room: 'one' } });
    emit(araldo, 'b', { params: { room: 'two' } });
    emit(araldo, 'c', { params: { room: 'three' } });
    await until('both have theirs', () => one.data().length + two.data().length === 2);
    expect([one.data(), two.data()]).toEqual([['a'], ['b']]);
    expect(one.out).toContain('event: said\n');
    expect(await araldo.metric('araldo_leg_discarded_total', { reason: 'no-peer' })).toBe(1);
  });

  test('and refuses what is no such request', async () => {
    await using araldo = await start({ origins: ['http://good.test'] });
    const status = async (init: RequestInit) => {
      const response = await fetch(`http://127.0.0.1:${araldo.port}/news`, init);
      await response.body?.cancel();
      return [response.status, response.headers.get('access-control-allow-origin')];
    };
    expect(await status({ method: 'POST', body: 'x' })).toEqual([405, null]);
    expect(await status({ headers: { origin: 'http://evil.test' } })).toEqual([403, null]);
    expect(await status({ headers: { origin: 'http://good.test' } })).toEqual([200, 'http://good.test']);
  });

  test.each(['disconnect', 'drop-oldest', 'drop-newest'])(
    'and a peer that does not read holds nobody: %s',
    async (overflow) => {
      await using araldo = await start({ peer: { overflow, buffer: '512KiB' }, history: { messages: 0 } });
      const stuck = connect(araldo.port, '127.0.0.1', () => {
        stuck.write('GET /news HTTP/1.1\r\nHost: localhost\r\n\r\n');
        stuck.pause();
      });
      stuck.on('error', () => undefined);
      using good = listen(araldo, '/news');
      await until('both listen', () => connected(araldo) === 2);
      const line = 'x'.repeat(100_000);
      for (let place = 0; place < 160; place += 1) {
        emit(araldo, `${place} ${line}`);
        if (place % 2 === 0) await until('it is taken', () => good.bytes >= (place - 1) * line.length);
      }
      await until('the other has all', () => good.bytes >= 160 * line.length);
      await until('the last as well', () => good.data().length === 160);
      expect(good.data().map((data) => Number.parseInt(data ?? '', 10))).toEqual(
        Array.from({ length: 160 }, (_, n) => n),
      );
      const { peers } = araldo.server.endpoint('news');
      if (overflow === 'disconnect')
        expect(peers).toMatchObject({ connected: 1, refused: { 'too-slow': 1 } });
      else {
        expect(peers?.lost[overflow]).toBeGreaterThan(5);
        expect(peers?.buffered).toBeLessThan(600_000);
        let out = '';
        stuck.on('data', (chunk) => {
          out += chunk.toString();
        });
        stuck.resume();
        await until('it is told', () => out.includes('event: araldo-lost'));
      }
      stuck.destroy();
    },
  );
});

describe('endpoint-sse reads a stream', () => {
  async function tell(answer: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
    const asked: { readonly lastId: string | undefined; readonly at: number }[] = [];
    const server = createServer((request, response) => {
      asked.push({ lastId: request.headers['last-event-id'] as string | undefined, at: performance.now() });
      response.setHeader('content-type', 'text/event-stream');
      answer(request, response, asked.length);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      asked,
      port: (server.address() as AddressInfo).port,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }
  const start = (port: number, options: object = {}) =>
    serve({
      plugins: [
        {
          name: 'news',
          id: 'endpoint-sse',
          url: `http://me:secret@127.0.0.1:${port}/?token=secret`,
          ...options,
        },
        { name: 'out', id: 'endpoint-mock' },
        text,
      ],
      routes: { news: ['out'] },
    });
  const came = (araldo: TestServer) => araldo.server.endpoint<MockEndpoint>('out').sent;

  test('and again from where it was left, when it may', async () => {
    await using server = await tell((_request, response, count) => {
      if (count > 1) response.write('event: other\nid: 3\ndata: c\n\n');
      else
        response.end(': hello\nretry: 400\n\nid: 1\ndata: a\ndata: Grüße\n\nid: 2\ndata: b\n\ndata: cut o');
    });
    await using araldo = await start(server.port);
    await until('all have come', () => came(araldo).length === 3);
    expect(came(araldo).map(({ payload, id, meta }) => [payload, id, meta['event']])).toEqual([
      ['a\nGrüße', 'news/1', 'message'],
      ['b', 'news/2', 'message'],
      ['c', 'news/3', 'other'],
    ]);
    const [first, second] = server.asked;
    expect([first?.lastId, second?.lastId]).toEqual([undefined, '2']);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(390);
    expect(JSON.stringify(araldo.log)).not.toContain('secret');
  });

  test('no further than its gate is open', async () => {
    let written = 0;
    await using server = await tell((_request, response) => {
      const more = (): void => {
        while (written < 8_000 && response.write(`data: ${written} ${'x'.repeat(2_500)}\n\n`)) written += 1;
        if (written < 8_000) response.once('drain', more);
        written += 1;
      };
      more();
    });
    await using araldo = await start(server.port);
    const { inbound } = araldo.server.endpoint('news');
    const holder = { name: 'slow' };
    inbound.hold(holder);
    await until('it is paused', () => inbound.stashed > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(inbound.stashedPeak).toBeLessThan(200);
    expect(written).toBeLessThan(7_600);
    inbound.release(holder);
    await until(
      'all have come',
      () => came(araldo).length + araldo.server.endpoint<MockEndpoint>('out').forgotten > 7_990,
    );
  });

  test('for as long as anything is heard, be it a comment', async () => {
    await using server = await tell((_request, response) => {
      const alive = setInterval(() => response.write(':\n\n'), 20);
      response.once('close', () => clearInterval(alive));
    });
    await using araldo = await start(server.port, { idle: '400ms' });
    await until('it is open', () => araldo.server.endpoint('news').state === 'open');
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(server.asked).toHaveLength(1);
  });

  test('and says what is wrong with one that it cannot', async () => {
    await using server = await tell((request, response) => {
      if (request.url === '/gone') response.writeHead(404).end();
      else if (request.url === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
      else if (request.url === '/large') response.write(`data: ${'x'.repeat(5_000)}\n\n`);
      else response.write('data: a\n\n');
    });
    const url = (path: string) => ({ id: 'endpoint-sse', url: `http://127.0.0.1:${server.port}${path}` });
    await using araldo = await serve({
      plugins: [
        { name: 'gone', ...url('/gone') },
        { name: 'page', ...url('/page') },
        { name: 'large', ...url('/large'), 'max-payload': 4_000 },
        { name: 'silent', ...url('/silent'), idle: '100ms' },
        { name: 'out', id: 'endpoint-mock' },
        text,
      ],
      routes: { gone: ['out'], page: ['out'], large: ['out'], silent: ['out'] },
    });
    const saysSoon = async (name: string, what: RegExp) => {
      const log = () => JSON.stringify(araldo.log.filter((line) => line['endpoint'] === name));
      await until(`${name} says why: ${log()}`, () => what.test(log()));
    };
    await saysSoon('gone', /could not open the stream of .* it answered 404/);
    await saysSoon('page', /expected text\/event-stream, found text\/html/);
    await saysSoon('large', /max-payload/);
    await saysSoon('silent', /nothing was heard for 100ms/);
  });
});
