import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { freePort } from './free-port.ts';
import { runPython } from './python.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { describeWith } from './requires.ts';

/** Sends one inline command and returns the answer. */
function ask(server: Pick<RedisServer, 'port'>, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`${command}\r\n`);
    });
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().trim());
    });
    socket.once('error', reject);
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody waits for (PID 1 of a container) is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('freePort', () => {
  it('is a port one can listen on', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });
});

describeWith(['redis-server'], 'startRedis', () => {
  it('answers on a free port, syncing every write', async () => {
    await using redis = await startRedis();
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
    expect(await ask(redis, 'PING')).toBe('+PONG');
    expect(await ask(redis, 'CONFIG GET appendonly')).toContain('yes');
    expect(await ask(redis, 'CONFIG GET appendfsync')).toContain('always');
  });

  it('takes other settings', async () => {
    await using redis = await startRedis({ appendfsync: 'everysec', config: { maxmemory: '10mb' } });
    expect(await ask(redis, 'CONFIG GET appendfsync')).toContain('everysec');
    expect(await ask(redis, 'CONFIG GET maxmemory')).toContain('10485760');
  });

  it('keeps its port and its data through a kill and a restart', async () => {
    await using redis = await startRedis();
    const { port, pid } = redis;
    await ask(redis, 'SET survives yes');
    await redis.kill();
    expect(redis.pid).toBeUndefined();
    expect(isAlive(pid!)).toBe(false);
    await expect(ask(redis, 'PING')).rejects.toThrow('ECONNREFUSED');
    await redis.restart();
    expect(redis.port).toBe(port);
    expect(await ask(redis, 'GET survives')).toContain('yes');
  });

  it('restarts while it runs', async () => {
    await using redis = await startRedis();
    const before = redis.pid;
    await redis.restart();
    expect(redis.pid).not.toBe(before);
    expect(await ask(redis, 'PING')).toBe('+PONG');
  });

  it('is gone after stop, which may be called twice', async () => {
    const redis = await startRedis();
    const pid = redis.pid!;
    await redis.stop();
    await redis.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('says why it did not start', async () => {
    await using redis = await startRedis();
    await expect(startRedis({ port: redis.port })).rejects.toThrow('Address already in use');
  });

  it('ends with a test process that is killed', async () => {
    const script = `
      import { startRedis } from ${JSON.stringify(join(import.meta.dirname, 'redis.ts'))};
      const { pid, port } = await startRedis();
      console.log(JSON.stringify({ pid, port }));
      setInterval(() => {}, 1000);
    `;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(owner.stdout, 'data')) as [Buffer];
      const redis = JSON.parse(line.toString()) as { pid: number; port: number };
      const folder = /\/\S*araldo-redis-\S*/.exec(await ask(redis, 'CONFIG GET dir'))![0];
      expect(existsSync(folder)).toBe(true);
      owner.kill('SIGKILL');
      await expect.poll(() => isAlive(redis.pid)).toBe(false);
      await expect.poll(() => existsSync(folder)).toBe(false);
    } finally {
      owner.kill('SIGKILL');
    }
  });
});

describeWith(['python3'], 'runPython', () => {
  it('talks line by line, with the modules tests need', async () => {
    await using python = runPython(
      'import sys, redis, websockets\nfor line in sys.stdin: print(line.strip().upper())',
    );
    python.send('one');
    expect(await python.line()).toBe('ONE');
    python.send('two');
    expect(await python.line()).toBe('TWO');
    expect(await python.end()).toBe(0);
  });

  it('passes arguments and the exit code', async () => {
    await using python = runPython('import sys; print(sys.argv[1]); sys.exit(3)', { args: ['a b'] });
    expect(await python.line()).toBe('a b');
    expect(await python.end()).toBe(3);
  });

  it('says what went wrong instead of a line', async () => {
    await using python = runPython('raise ValueError("no such thing")');
    await expect(python.line()).rejects.toThrow('ValueError: no such thing');
  });

  it('does not wait for ever', async () => {
    await using python = runPython('import time; time.sleep(60)');
    await expect(python.line(100)).rejects.toThrow('no line from Python within 100 ms');
  });

  it('is gone after stop', async () => {
    const python = runPython('import time; time.sleep(60)');
    await python.stop();
    await python.stop();
    await sleep(0);
    expect(isAlive(python.pid)).toBe(false);
  });
});

describeWith(['chromium'], 'launchChromium', () => {
  it('runs a page, and ends when closed', async () => {
    await using browser = await launchChromium();
    const page = await browser.newPage();
    await page.setContent('<title>araldo</title>');
    expect(await page.evaluate(() => document.title)).toBe('araldo');
    const ours = () => spawnSync('pgrep', ['-P', String(process.pid), '-f', 'chromium']).status === 0;
    await browser.close();
    expect(ours()).toBe(false);
  });
});
