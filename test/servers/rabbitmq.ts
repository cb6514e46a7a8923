// A real RabbitMQ for one test file (it takes seconds to start): on free ports, with a folder and an epmd of its own,
// killed and restarted at will.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Certificate } from '../certificate.ts';
import { find } from './find.ts';
import { freePort } from './free-port.ts';
import { tether } from './tether.ts';

export interface RabbitmqOptions {
  /** Lines of rabbitmq.conf, as `{ 'disk_free_limit.absolute': '1MB' }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** A second listener, over TLS, that asks for a certificate made by the same authority, and takes none as well. */
  readonly tls?: Certificate;
  /** The plugins of its own that it starts with. */
  readonly plugins?: readonly string[];
  /** Users, vhosts, permissions: what `rabbitmqctl import_definitions` takes. There is no user but these. */
  readonly definitions?: object;
}

export interface RabbitmqServer extends AsyncDisposable {
  readonly port: number;
  /** `amqp://127.0.0.1:<port>`; the user is guest, as is the password. */
  readonly url: string;
  /** `amqps://127.0.0.1:<port>`, where it has such a listener. */
  readonly tlsUrl: string | undefined;
  /** The process id, or undefined while it is down. */
  readonly pid: number | undefined;
  /** That of the Erlang port mapper, which runs on from kill to restart. */
  readonly mapperPid: number;
  /** Runs rabbitmqctl, which takes a second or two. Resolves with what it printed. */
  control(...args: readonly string[]): Promise<string>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port with the same data; kills it first when it runs. Resolves when it serves. */
  restart(): Promise<void>;
  /** Kills it for good and removes its data. May be called twice. */
  stop(): Promise<void>;
}

const startWithinMs = 90_000;
const run = promisify(execFile);

/** Starts a RabbitMQ; resolves when it serves AMQP. It ends with the test process at the latest. */
export async function startRabbitmq(options: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const [port, distributionPort, mapperPort, tlsPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'araldo-rabbitmq-'));
  // Not the one that Debian's wrapper starts: that wants to be root, and to write to /var.
  const script = find('rabbitmq-server') ?? 'rabbitmq-server';
  const env = environmentOf(folder, port, distributionPort, mapperPort);
  const { tls, plugins = [], definitions } = options;
  const more: Record<string, string> = tls === undefined ? {} : tlsSettings(tls, tlsPort);
  if (definitions !== undefined) {
    more['load_definitions'] = join(folder, 'definitions.json');
    writeFileSync(more['load_definitions'], JSON.stringify(definitions));
  }
  writeFileSync(join(folder, 'rabbitmq.conf'), linesOf({ ...more, ...options.config }));
  writeFileSync(join(folder, 'plugins'), `[${plugins.join(',')}].`);
  const mapper = spawn('epmd', ['-port', String(mapperPort), '-address', '127.0.0.1'], { stdio: 'ignore' });
  await once(mapper, 'spawn');
  const cutMapper = tether(mapper.pid as number);
  let running: ChildProcess | undefined;
  let cut = (): void => {};

  const start = async (): Promise<void> => {
    const server = spawn(script, ['-noinput'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = collect(server);
    await once(server, 'spawn');
    running = server;
    cut = tether(server.pid as number, folder);
    try {
      await serves(port, server, log);
    } catch (error) {
      await kill();
      throw error;
    }
  };
  const kill = async (): Promise<void> => {
    const server = running;
    running = undefined;
    if (server !== undefined) await ended(server);
    cut();
  };
  const stop = async (): Promise<void> => {
    await kill();
    await ended(mapper);
    cutMapper();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    url: `amqp://127.0.0.1:${port}`,
    tlsUrl: tls === undefined ? undefined : `amqps://127.0.0.1:${tlsPort}`,
    get pid() {
      return running?.pid;
    },
    mapperPid: mapper.pid as number,
    control: async (...args) => {
      const { stdout } = await run(join(dirname(script), 'rabbitmqctl'), [...args], { env });
      return stdout;
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

/** The home folder holds the cookie by which the parts of Erlang know each other: none of the machine's is touched. */
function environmentOf(
  folder: string,
  port: number,
  distributionPort: number,
  mapperPort: number,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: folder,
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `araldo-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    // Makes the script become the server, which can then be killed by its id.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false',
  };
}

function tlsSettings({ cert, key }: Certificate, port: number): Record<string, string> {
  return {
    'listeners.ssl.1': `127.0.0.1:${port}`,
    'ssl_options.cacertfile': cert,
    'ssl_options.certfile': cert,
    'ssl_options.keyfile': key,
    'ssl_options.verify': 'verify_peer',
    'ssl_options.fail_if_no_peer_cert': 'false',
  };
}

function linesOf(config: Readonly<Record<string, string>>): string {
  const settings = { 'log.console.level': 'warning', ...config };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
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

async function serves(port: number, server: ChildProcess, log: () => string): Promise<void> {
  const closed = once(server, 'close');
  const deadline = performance.now() + startWithinMs;
  while (!(await greets(port))) {
    if (server.exitCode !== null || server.signalCode !== null) {
      await closed; // its last words have been read by then
      throw new Error(`rabbitmq-server ended with ${server.exitCode ?? server.signalCode}:\n${log()}`);
    }
    if (performance.now() > deadline) throw new Error(`rabbitmq-server does not answer:\n${log()}`);
    await sleep(50);
  }
}

/** Whether the header of AMQP is answered by a frame of method `connection.start`. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('AMQP\x00\x00\x09\x01', 'latin1');
    });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(5_000, () => settle(false));
    socket.once('data', (data) => settle(data[0] === 1));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
