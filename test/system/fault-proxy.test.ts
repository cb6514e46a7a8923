import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, faultProxy } from '../../src/testing/index.ts';

/** Sends back what it gets. */
let echo: Server;
let proxy: FaultProxy;
let echoed: Socket[];

beforeEach(async () => {
  echoed = [];
  echo = createServer((socket) => {
    echoed.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await faultProxy({ to: { port: (echo.address() as AddressInfo).port } });
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of echoed) socket.destroy();
  echo.close();
});

interface Client {
  readonly socket: Socket;
  /** What has come back, piece by piece. */
  readonly pieces: Buffer[];
  readonly text: string;
  readonly state: { ended: boolean; closed: boolean; error: string | undefined };
  /** Resolves when so many bytes are back. */
  back(count: number): Promise<void>;
}

async function client(): Promise<Client> {
  const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true });
  const pieces: Buffer[] = [];
  const state = { ended: false, closed: false, error: undefined as string | undefined };
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('end', () => (state.ended = true));
  socket.on('close', () => (state.closed = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (state.error = error.code));
  await once(socket, 'connect');
  return {
    socket,
    pieces,
    state,
    get text() {
      return Buffer.concat(pieces).toString();
    },
    async back(count) {
      while (Buffer.concat(pieces).length < count) await once(socket, 'data');
    },
  };
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

describe('a fault proxy', () => {
  it('changes nothing until it is told to, and counts its clients', async () => {
    const one = await client();
    one.socket.write('hello');
    await one.back(5);
    expect(one.text).toBe('hello');
    expect(proxy.connections).toBe(1);
    one.socket.end();
    await once(one.socket, 'close');
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('delays, both ways, and jitter reorders nothing', async () => {
    const one = await client();
    proxy.set({ latency: { ms: 40, jitterMs: 39 } });
    const sent = Array.from({ length: 50 }, (_none, place) => `${place},`);
    const ms = await msOf(async () => {
      for (const text of sent) {
        one.socket.write(text);
        await pause(1);
      }
      await one.back(sent.join('').length);
    });
    expect(one.text).toBe(sent.join(''));
    expect(ms).toBeGreaterThan(80);
  });

  it('delays one direction alone', async () => {
    const one = await client();
    proxy.set({ latency: { ms: 500 } }, 'down');
    one.socket.write('a');
    await expect.poll(() => echoed[0]?.bytesRead, { interval: 2 }).toBe(1);
    expect(one.text).toBe('');
    await one.back(1);
  });

  it('carries no more bytes a second than its bandwidth', async () => {
    const one = await client();
    proxy.set({ bandwidth: { bytesPerSecond: 100_000 } }, 'up');
    const ms = await msOf(async () => {
      for (let place = 0; place < 10; place += 1) one.socket.write(Buffer.alloc(2_000, 97));
      await one.back(20_000);
    });
    // The last piece does not wait for its own time on the line, and pieces may be as large as all of it.
    const pieces = await (async () => {
      const before = performance.now();
      one.socket.write('b');
      await one.back(20_001);
      return performance.now() - before;
    })();
    expect(ms + pieces).toBeGreaterThan(180);
  });

  it('slices what it carries into pieces, in order', async () => {
    const one = await client();
    proxy.set({ slice: { bytes: 1, pauseMs: 20 } }, 'down');
    const ms = await msOf(async () => {
      one.socket.write('sliced');
      await one.back(6);
    });
    expect(one.text).toBe('sliced');
    // On a busy machine two of them may be read at once, but not all.
    expect(one.pieces.length).toBeGreaterThan(1);
    expect(ms).toBeGreaterThan(90);
  });

  it('ends a connection after so many bytes', async () => {
    const one = await client();
    proxy.set({ limit: { bytes: 3 } }, 'down');
    one.socket.write('limited');
    await once(one.socket, 'end');
    expect(one.text).toBe('lim');
  });

  it('passes the end of a connection on later', async () => {
    const one = await client();
    proxy.set({ slowClose: { ms: 80 } }, 'up');
    const ms = await msOf(async () => {
      one.socket.end('bye');
      await once(one.socket, 'end');
    });
    expect(one.text).toBe('bye');
    expect(ms).toBeGreaterThan(75);
  });

  it('leaves a connection half open: nothing arrives, and nobody is told', async () => {
    const one = await client();
    one.socket.write('a');
    await one.back(1);
    proxy.set({ silence: true });
    one.socket.write('into the void');
    echoed[0]?.end('nor back');
    await pause(60);
    expect(one.text).toBe('a');
    expect(one.state).toEqual({ ended: false, closed: false, error: undefined });
    expect(echoed[0]?.bytesRead).toBe(1);
  });

  it('lets new bytes through when it is cleared', async () => {
    const one = await client();
    proxy.set({ silence: true });
    one.socket.write('lost');
    await pause(20);
    proxy.clear();
    one.socket.write('kept');
    await one.back(4);
    expect(one.text).toBe('kept');
  });

  it('resets the connections that are open', async () => {
    const one = await client();
    one.socket.write('a');
    await one.back(1);
    proxy.reset();
    await expect.poll(() => one.state.closed).toBe(true);
    expect(one.state.error).toBe('ECONNRESET');
    const other = await client();
    other.socket.write('b');
    await other.back(1);
  });

  it('is down, with what was open, and up again on the same port', async () => {
    const one = await client();
    await proxy.down();
    await expect.poll(() => one.state.closed).toBe(true);
    await expect(client()).rejects.toThrow('ECONNREFUSED');
    await proxy.up();
    const other = await client();
    other.socket.write('back');
    await other.back(4);
    expect(other.text).toBe('back');
  });

  it('does not read on from who sends more than the other side takes', async () => {
    const one = await client();
    one.socket.pause();
    proxy.set({ bandwidth: { bytesPerSecond: 1_000 } }, 'up');
    // Far more than the proxy keeps and the kernel's buffers hold.
    const whole = Buffer.alloc(1024 * 1024, 97);
    for (let place = 0; place < 40; place += 1) one.socket.write(whole);
    await pause(150);
    expect(one.socket.writableLength).toBeGreaterThan(20 * whole.length);
    one.socket.destroy();
  });

  it('passes on that a connection broke', async () => {
    const one = await client();
    one.socket.write('a');
    await one.back(1);
    echoed[0]?.destroy();
    await expect.poll(() => one.state.closed || one.state.ended).toBe(true);
  });
});
