// A real RabbitMQ for one test file (it takes seconds to start): on free ports, with a folder and an epmd of its own,
// killed and restarted at will.

import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Certificate } from '../certificate.ts';
import { find } from './find.ts';
import { freePort } from './free-port.ts';
import { isAnswered, listens } from './probe.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

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

export interface RabbitmqServer extends ServerProcess {
  readonly port: number;
  /** `amqp://127.0.0.1:<port>`; the user is guest, as is the password. */
  readonly url: string;
  /** `amqps://127.0.0.1:<port>`, where it has such a listener. */
  readonly tlsUrl: string | undefined;
  /** Runs rabbitmqctl, which takes a second or two. Resolves with what it printed. */
  control(...args: readonly string[]): Promise<string>;
}

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
  // The Erlang port mapper, which runs on from kill to restart.
  const mapper = await startServerProcess({
    name: 'epmd',
    command: 'epmd',
    args: ['-port', String(mapperPort), '-address', '127.0.0.1'],
    folder,
    answers: () => listens(mapperPort),
  });
  const server = await startServerProcess({
    name: 'rabbitmq-server',
    command: script,
    args: ['-noinput'],
    env,
    folder,
    // The header of AMQP is answered by a frame of method `connection.start`.
    answers: () =>
      isAnswered(port, {
        sent: 'AMQP\x00\x00\x09\x01',
        isRight: ([first]) => first === 1,
        withinMs: 5_000,
      }),
    askEveryMs: 50,
    startWithinMs: 90_000,
    afterStop: mapper.stop,
  });
  return Object.assign(server, {
    port,
    url: `amqp://127.0.0.1:${port}`,
    tlsUrl: tls === undefined ? undefined : `amqps://127.0.0.1:${tlsPort}`,
    control: async (...args: readonly string[]) => {
      const { stdout } = await run(join(dirname(script), 'rabbitmqctl'), [...args], { env });
      return stdout;
    },
  });
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
