import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseDescriptorLimit } from '../../src/http/descriptors.ts';
import { defaultLimits, withinDescriptors } from '../../src/http/limits.ts';
import { closed, exchange, get, opened, serve, statuses, upgrade } from './serve.ts';

/** `count` headers in all: three are there already. */
function headers(count: number): string[] {
  return Array.from({ length: count - 2 }, (_, index) => `x-${index}: 1`);
}

/** A request whose path, names and values have so many bytes. */
function ofBytes(bytes: number): string {
  const fixed = '/livez'.length + 'Host'.length + 'localhost'.length + 'Connection'.length + 'close'.length;
  return get('/livez', [`x: ${'y'.repeat(bytes - fixed - 1)}`]);
}

describe('limits of a request', () => {
  it('takes 64 headers', async () => {
    await using served = await serve();
    expect(statuses(await exchange(served.port, get('/livez', headers(64))))).toEqual([200]);
  });

  it('refuses 65 headers, none of them dropped without a word', async () => {
    await using served = await serve();
    const answer = await exchange(served.port, get('/livez', headers(65)));
    expect(statuses(answer)).toEqual([431]);
    expect(answer).toContain('this one has 65');
  });

  it('refuses an upgrade with more than 64 headers', async () => {
    await using served = await serve();
    served.server.host.onUpgrade('/ws', ({ socket }) => socket.end('HTTP/1.1 101 x\r\n\r\n'));
    // Five of them are the upgrade's own.
    const more = (count: number): string[] => headers(count - 3);
    expect(statuses(await exchange(served.port, upgrade('/ws', 'GET', more(64))))).toEqual([101]);
    expect(statuses(await exchange(served.port, upgrade('/ws', 'GET', more(65))))).toEqual([431]);
  });

  it('takes headers of just less than 8 KiB', async () => {
    await using served = await serve();
    expect(statuses(await exchange(served.port, ofBytes(8 * 1024 - 1)))).toEqual([200]);
  });

  it('refuses headers of 8 KiB', async () => {
    await using served = await serve();
    expect(statuses(await exchange(served.port, ofBytes(8 * 1024)))).toEqual([431]);
  });

  it('waits 5 s for headers unless told otherwise', () => {
    expect(defaultLimits.headersTimeoutMs).toBe(5_000);
  });

  it('takes headers that arrive just in time, and refuses those that do not', async () => {
    await using served = await serve({ limits: { headersTimeoutMs: 1_200 } });
    const text = get('/livez');
    const late = async (afterMs: number): Promise<number[]> => {
      const socket = await opened(served.port);
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString();
      });
      socket.write(text.slice(0, 20));
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      if (!socket.destroyed && socket.writable) socket.write(text.slice(20));
      await closed(socket);
      return statuses(answer);
    };
    expect(await Promise.all([late(300), late(2_000)])).toEqual([[200], [408]]);
  });

  it('does not wait longer for one who never says anything', async () => {
    await using served = await serve({ limits: { headersTimeoutMs: 300 } });
    const begin = performance.now();
    await closed(await opened(served.port));
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});

describe('limits of connections', () => {
  it('are those of the documentation', () => {
    expect(defaultLimits).toMatchObject({
      connections: 16_384,
      connectionsPerAddress: 1_000,
      acceptsPerSecond: 500,
      acceptPatienceMs: 5_000,
      headerBytes: 8_192,
      headerCount: 64,
    });
  });

  it('a connection too many waits, and gets in when another one ends', async () => {
    await using served = await serve({ limits: { connections: 1, acceptPatienceMs: 5_000 } });
    const first = await opened(served.port);
    await expect.poll(() => served.server.connections.count).toBe(1);
    const second = exchange(served.port, get('/livez'));
    await expect.poll(() => served.server.connections.waiting).toBe(1);
    first.destroy();
    expect(statuses(await second)).toEqual([200]);
  });

  it('a connection too many is answered 503 with Retry-After when it has waited long enough', async () => {
    await using served = await serve({ limits: { connections: 1, acceptPatienceMs: 100 } });
    const first = await opened(served.port);
    await expect.poll(() => served.server.connections.count).toBe(1);
    const answer = await exchange(served.port, get('/livez'));
    expect(statuses(answer)).toEqual([503]);
    expect(answer).toMatch(/\r\nretry-after: 1\r\n/);
    first.destroy();
  });

  it('a connection that waits is refused when the server closes', async () => {
    await using served = await serve({ limits: { connections: 1 } });
    await opened(served.port);
    await expect.poll(() => served.server.connections.count).toBe(1);
    const second = exchange(served.port, get('/livez'));
    await expect.poll(() => served.server.connections.waiting).toBe(1);
    await served.server.close();
    expect(statuses(await second)).toEqual([503]);
  });

  it('stay within the file descriptors of the process', () => {
    expect(withinDescriptors(defaultLimits, undefined)).toBe(defaultLimits);
    expect(withinDescriptors(defaultLimits, 1_048_576)).toEqual(defaultLimits);
    expect(withinDescriptors(defaultLimits, 1_024)).toMatchObject({ connections: 896, waiting: 64 });
    expect(
      parseDescriptorLimit('Max open files            1024                 524288               files'),
    ).toBe(1_024);
    expect(
      parseDescriptorLimit('Max open files            unlimited            unlimited            files'),
    ).toBeUndefined();
  });
});

describe('without file descriptors', () => {
  it('what is connected goes on, the others are turned away, and it recovers by itself', async () => {
    const program = `
      import { createHttpServer } from './src/http/server.ts';
      import { silentLog } from './src/core/log.ts';
      const status = { status: () => ({ version: '0', state: 'running', startedAt: 0, endpoints: [], routes: [] }) };
      const limits = { connections: 10_000 };
      const server = createHttpServer({ host: '127.0.0.1', port: 0, hosts: [], status, log: silentLog, limits });
      console.log((await server.listen()).port);
    `;
    const node = [process.execPath, '--input-type=module', '--eval', program];
    const child = spawn('bash', ['-c', 'ulimit -n 80; exec "$@"', 'bash', ...node]);
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const port = Number(line.toString());
      const early = await opened(port);
      const others = await Promise.all(Array.from({ length: 150 }, () => opened(port)));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const answer = once(early, 'data');
      early.write(get('/livez'));
      expect(String((await answer)[0])).toContain('200 OK');
      for (const socket of others) socket.destroy();
      await expect
        .poll(() => exchange(port, get('/livez')).then(statuses, () => []), { timeout: 20_000 })
        .toEqual([200]);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill('SIGKILL');
    }
  });
});
