// A real NATS server for one test, with JetStream: on a free port, its streams in a folder of its own, killed and
// restarted at will.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { find } from './find.ts';
import { freePort } from './free-port.ts';
import { tether } from './tether.ts';

export interface NatsOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** More of the server's configuration, in its own notation: `authorization { token: "x" }`. */
  readonly config?: string;
}

export interface NatsServer extends AsyncDisposable {
  readonly port: number;
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  /** Where it keeps its streams. */
  readonly folder: string;
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

/** Starts a server; resolves when it greets. It ends with the test process at the latest. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  if (options.port !== undefined) return startOn(options.port, options);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await startOn(port, options);
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('address already in use');
      if (!isTaken || attempt === attemptsForAPort) throw error;
    }
  }
}

async function startOn(port: number, { config = '' }: NatsOptions): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-nats-'));
  const file = join(folder, 'nats.conf');
  // The name tells this server from another that took its port.
  writeFileSync(
    file,
    `server_name: "${folder}"\nlisten: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n${config}\n`,
  );
  let running: ChildProcess | undefined;
  let cut = (): void => {};

  const start = async (): Promise<void> => {
    const server = spawn(find('nats-server') ?? 'nats-server', ['-c', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = collect(server);
    await once(server, 'spawn');
    running = server;
    cut = tether(server.pid as number, folder);
    try {
      await greets(port, folder, server, log);
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
    url: `nats://127.0.0.1:${port}`,
    folder,
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

/** Resolves when this server, and not another on its port, greets and has read its streams. */
async function greets(port: number, name: string, server: ChildProcess, log: () => string): Promise<void> {
  const closed = once(server, 'close');
  const deadline = performance.now() + startWithinMs;
  while (!(log().includes('Server is ready') && (await isUp(port, name)))) {
    if (server.exitCode !== null || server.signalCode !== null) {
      await closed; // its last words have been read by then
      throw new Error(`nats-server ended with ${server.exitCode ?? server.signalCode}:\n${log()}`);
    }
    if (performance.now() > deadline) throw new Error(`nats-server does not answer:\n${log()}`);
    await sleep(10);
  }
}

/** Whether the server of that name greets. */
function isUp(port: number, name: string): Promise<boolean> {
  return new Promise((resolve) => {
    let greeting = '';
    const socket = connect(port, '127.0.0.1');
    const settle = (isOurs: boolean): void => {
      socket.destroy();
      resolve(isOurs);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.on('data', (data) => {
      greeting += data.toString();
      if (greeting.includes('\r\n')) settle(greeting.includes(JSON.stringify(name)));
    });
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
