// A real Redis for one test: on a free port, in a folder of its own, as durable as Redis can be, killed and restarted
// at will.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { find } from './find.ts';
import { freePort } from './free-port.ts';
import { tether } from './tether.ts';

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** When writes are synced to the append-only file. Default `always`: what Redis acknowledged, a kill cannot lose. */
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  /** More of redis.conf, as `{ maxmemory: '10mb' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** The process id, or undefined while it is down. */
  readonly pid: number | undefined;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port with the same data; kills it first when it runs. Resolves when it answers. */
  restart(): Promise<void>;
  /** Kills it for good and removes its data. May be called twice. */
  stop(): Promise<void>;
}

const startWithinMs = 60_000;
const attemptsForAPort = 5;

/** Starts a Redis; resolves when it answers PING. It ends with the test process at the latest. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  if (options.port !== undefined) return startOn(options.port, options);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await startOn(port, options);
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('Address already in use');
      if (!isTaken || attempt === attemptsForAPort) throw error;
    }
  }
}

async function startOn(port: number, options: RedisOptions): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-redis-'));
  const args = argumentsFor(port, folder, options);
  let running: ChildProcess | undefined;
  let cut = (): void => {};

  const start = async (): Promise<void> => {
    const server = spawn(find('redis-server') ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = collect(server);
    await once(server, 'spawn');
    running = server;
    cut = tether(server.pid as number, folder);
    try {
      await answersPing(port, server, log);
    } catch (error) {
      await kill();
      throw error;
    }
  };
  const kill = async (): Promise<void> => {
    const server = running;
    running = undefined;
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    }
    cut();
  };
  const stop = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return running?.pid;
    },
    kill,
    restart: async () => {
      await kill();
      await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function argumentsFor(
  port: number,
  folder: string,
  { appendfsync = 'always', config }: RedisOptions,
): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    appendfsync,
    save: '',
    daemonize: 'no',
    ...config,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** The last of what the server wrote, at most 8 KiB of it: the reason when it does not start. */
function collect(server: ChildProcess): () => string {
  let text = '';
  const take = (chunk: Buffer): void => {
    text = `${text}${chunk.toString()}`.slice(-8_192);
  };
  server.stdout?.on('data', take);
  server.stderr?.on('data', take);
  return () => text;
}

/** Resolves when this server, and not another on its port, answers PING. */
async function answersPing(port: number, server: ChildProcess, log: () => string): Promise<void> {
  const closed = once(server, 'close');
  const deadline = performance.now() + startWithinMs;
  while (!(await isUp(port, server.pid))) {
    if (server.exitCode !== null || server.signalCode !== null) {
      await closed; // its last words have been read by then
      throw new Error(`redis-server ended with ${server.exitCode ?? server.signalCode}:\n${log()}`);
    }
    if (performance.now() > deadline) throw new Error(`redis-server does not answer:\n${log()}`);
    await sleep(20);
  }
}

/** Whether PING is answered by PONG (not while it loads its data), by the process with that id. */
function isUp(port: number, pid: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('PING\r\nINFO server\r\n');
    });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.on('data', (data) => {
      answer += data.toString();
      const answeredBy = /process_id:(\d+)\r/.exec(answer)?.[1];
      if (answeredBy !== undefined) settle(answer.startsWith('+PONG') && Number(answeredBy) === pid);
    });
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
