// A real mosquitto for one test: on a free port, in a folder of its own, as durable as mosquitto can be, killed and
// restarted at will.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../certificate.ts';
import { find } from './find.ts';
import { freePort } from './free-port.ts';
import { tether } from './tether.ts';

export interface MosquittoOptions {
  /** Who may connect, by name, with their passwords; anybody unless given. */
  readonly users?: Readonly<Record<string, string>>;
  /** A second listener, over TLS, that asks for a certificate made by the same authority. */
  readonly tls?: Certificate;
  /** More about that listener, as `{ use_identity_as_username: 'true' }`. */
  readonly tlsConfig?: Readonly<Record<string, string>>;
  /** Lines of an ACL file. */
  readonly acl?: readonly string[];
  /** More of mosquitto.conf, as `{ max_inflight_messages: '100' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface MosquittoServer extends AsyncDisposable {
  readonly port: number;
  /** `mqtt://127.0.0.1:<port>` */
  readonly url: string;
  /** `mqtts://127.0.0.1:<port>`, where it has such a listener. */
  readonly tlsUrl: string | undefined;
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

/** Starts a mosquitto; resolves when it answers a CONNECT. It ends with the test process at the latest. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<MosquittoServer> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = { plain: await freePort(), tls: await freePort() };
    try {
      return await startOn(ports, options);
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('Address already in use');
      if (!isTaken || attempt === attemptsForAPort) throw error;
    }
  }
}

interface Ports {
  readonly plain: number;
  readonly tls: number;
}

async function startOn(ports: Ports, options: MosquittoOptions): Promise<MosquittoServer> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-mosquitto-'));
  const file = writeConfiguration(folder, ports, options);
  let running: ChildProcess | undefined;
  let cut = (): void => {};

  const start = async (): Promise<void> => {
    const server = spawn(find('mosquitto') ?? 'mosquitto', ['-c', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = collect(server);
    await once(server, 'spawn');
    running = server;
    cut = tether(server.pid as number, folder);
    try {
      await answers(ports.plain, server, log);
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
    port: ports.plain,
    url: `mqtt://127.0.0.1:${ports.plain}`,
    tlsUrl: options.tls === undefined ? undefined : `mqtts://127.0.0.1:${ports.tls}`,
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

/** Queues without bound, and on disk after each change: what it confirmed, a kill a second later cannot lose. */
function writeConfiguration(folder: string, ports: Ports, options: MosquittoOptions): string {
  const { users, tls, tlsConfig = {}, acl, config = {} } = options;
  const settings = {
    // It would become another user otherwise, who may not read what the test writes.
    user: userInfo().username,
    per_listener_settings: 'false',
    persistence: 'true',
    persistence_location: `${folder}/`,
    autosave_on_changes: 'true',
    autosave_interval: '1',
    max_queued_messages: '0',
    // Each answer would wait for the acknowledgement of what was sent before, 40 ms by default.
    set_tcp_nodelay: 'true',
    allow_anonymous: String(users === undefined),
    ...config,
  };
  const lines = linesOf(settings);
  if (users !== undefined) lines.push(`password_file ${writePasswords(folder, users)}`);
  if (acl !== undefined) lines.push(`acl_file ${writePrivate(folder, 'acl', acl)}`);
  lines.push(`listener ${ports.plain} 127.0.0.1`);
  if (tls !== undefined) {
    lines.push(
      `listener ${ports.tls} 127.0.0.1`,
      `cafile ${tls.cert}`,
      `certfile ${tls.cert}`,
      `keyfile ${tls.key}`,
      ...linesOf({ require_certificate: 'true', ...tlsConfig }),
    );
  }
  return writePrivate(folder, 'mosquitto.conf', lines);
}

function linesOf(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).map(([name, value]) => `${name} ${value}`);
}

function writePasswords(folder: string, users: Readonly<Record<string, string>>): string {
  const lines = Object.entries(users).map(([name, password]) => `${name}:${password}`);
  const file = writePrivate(folder, 'passwords', lines);
  const { status, stderr } = spawnSync('mosquitto_passwd', ['-U', file]);
  if (status !== 0) throw new Error(`mosquitto_passwd: ${stderr.toString()}`);
  chmodSync(file, 0o600);
  return file;
}

function writePrivate(folder: string, name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
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

/** Resolves when it answers on its port. */
async function answers(port: number, server: ChildProcess, log: () => string): Promise<void> {
  const closed = once(server, 'close');
  const deadline = performance.now() + startWithinMs;
  while (!(await isUp(port))) {
    if (server.exitCode !== null || server.signalCode !== null) {
      await closed; // its last words have been read by then
      throw new Error(`mosquitto ended with ${server.exitCode ?? server.signalCode}:\n${log()}`);
    }
    if (performance.now() > deadline) throw new Error(`mosquitto does not answer:\n${log()}`);
    await sleep(20);
  }
}

/** CONNECT of MQTT 3.1.1, without a client id. */
const CONNECT = Buffer.from([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 0]);
const CONNACK = 0x20;

/** Whether a CONNECT is answered, be it with a refusal. */
function isUp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(CONNECT);
    });
    const settle = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('data', (data) => settle(data[0] === CONNACK));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
