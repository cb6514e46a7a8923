// A real Kafka for one test file: one node that is broker and controller, on free ports of loopback, in a folder of its
// own, killed and restarted at will. Or the one that KAFKA_BOOTSTRAP names, which is not killed.

import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { Certificate } from '../certificate.ts';
import { freePort } from './free-port.ts';
import { brokerFiles, jvm, lackOfBroker, run } from './kafka/broker.ts';
import { kcat } from './kcat.ts';
import { listens } from './probe.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export const alice = { username: 'alice', password: 'wonderland-7' } as const;

export interface KafkaOptions {
  /** Where the broker tells clients that it listens: the port of a proxy in front of it. */
  readonly advertised?: number;
  /** Listeners over TLS beside the others, and rights for everybody but those that have all. */
  readonly secured?: SecuredListeners;
  /** More of server.properties. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface SecuredListeners {
  /** Where `alice` logs in by her password. */
  readonly loginPort: number;
  /** Where a client is known by its certificate: `User:CN=…`, from the authority that `certificate` is. */
  readonly mutualPort: number;
  readonly certificate: Certificate;
}

export interface KafkaServer extends ServerProcess {
  readonly port: number;
  /** `127.0.0.1:<port>`, for everybody. */
  readonly broker: string;
  /** The same broker for `alice`, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly saslBroker: string;
}

/** `describe`, for tests that start a broker: skipped under a name that says why there is none; in CI they fail. */
export async function describeWithKafka(name: string, suite: () => void): Promise<void> {
  const lack = await lackOfBroker();
  const isSkipped = lack !== undefined && !process.env['CI'];
  describe.skipIf(isSkipped)(isSkipped ? `${name} (skipped: ${lack})` : name, () => {
    suite();
  });
}

/** Starts a broker; resolves when it answers. It ends with the test process at the latest. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const given = process.env['KAFKA_BOOTSTRAP'];
  if (given !== undefined && Object.keys(options).length === 0) return existing(given);
  const files = await brokerFiles();
  const folder = mkdtempSync(join(tmpdir(), 'araldo-kafka-'));
  const [port, saslPort, controllerPort] = [await freePort(), await freePort(), await freePort()];
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, propertiesOf({ folder, port, saslPort, controllerPort, options }));
  const java = (...args: readonly string[]): string[] => [...jvm, '-cp', files.jars, ...args];

  /** The first broker that ends in peace leaves its classes for the next ones. */
  const leaves = `${files.archive}.${process.pid}`;
  const archives = !existsSync(files.archive);
  const archived = archives ? `ArchiveClassesAtExit=${leaves}` : `SharedArchiveFile=${files.archive}`;

  await format(java, properties).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const server = await startServerProcess({
    name: 'kafka',
    command: 'java',
    args: [`-XX:${archived}`, ...java('kafka.Kafka', properties)],
    folder,
    answers: () => answers(port),
    askEveryMs: 100,
    endWithinMs: archives ? 15_000 : 0,
    afterStop: () => {
      if (existsSync(leaves)) renameSync(leaves, files.archive);
    },
  });
  return Object.assign(server, {
    port,
    broker: `127.0.0.1:${options.advertised ?? port}`,
    saslBroker: `127.0.0.1:${saslPort}`,
  });
}

/** Writes the identity of the node and its users into its folder. */
function format(java: (...args: readonly string[]) => string[], properties: string): Promise<void> {
  const { username, password } = alice;
  const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
  const cluster = 'MkU3OEVBNTcwNTJENDM2Qk';
  return run('java', java('kafka.tools.StorageTool', 'format', '-t', cluster, '-c', properties, ...users));
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly saslPort: number;
  readonly controllerPort: number;
  readonly options: KafkaOptions;
}

function propertiesOf({ folder, port, saslPort, controllerPort, options }: Place): string {
  const { username, password } = alice;
  const { secured } = options;
  const over = (listeners: string): string =>
    secured === undefined
      ? listeners
      : `${listeners},SECURED://127.0.0.1:${secured.loginPort},MUTUAL://127.0.0.1:${secured.mutualPort}`;
  const module = (login: string, rest = ''): string =>
    `org.apache.kafka.common.security.${login} required${rest};`;
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: over(
      `PLAIN://127.0.0.1:${port},LOGIN://127.0.0.1:${saslPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    ),
    'advertised.listeners': over(
      `PLAIN://127.0.0.1:${options.advertised ?? port},LOGIN://127.0.0.1:${saslPort}`,
    ),
    'listener.security.protocol.map':
      'PLAIN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL,MUTUAL:SSL',
    'inter.broker.listener.name': 'PLAIN',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    ...Object.fromEntries(
      ['login', 'secured'].flatMap((name) => [
        [
          `listener.name.${name}.plain.sasl.jaas.config`,
          module('plain.PlainLoginModule', ` user_${username}="${password}"`),
        ],
        [`listener.name.${name}.scram-sha-256.sasl.jaas.config`, module('scram.ScramLoginModule')],
        [`listener.name.${name}.scram-sha-512.sasl.jaas.config`, module('scram.ScramLoginModule')],
      ]),
    ),
    ...(secured !== undefined && securedProperties(folder, secured)),
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '500',
    'auto.create.topics.enable': 'false',
    // A broker that was killed may come back when its session has ended: after 9 s unless told otherwise.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    'controller.quorum.election.timeout.ms': '200',
    'controller.quorum.fetch.timeout.ms': '500',
    // Old times of messages are part of the tests.
    'log.retention.ms': '-1',
    'log.cleaner.enable': 'false',
    'num.network.threads': '1',
    'num.io.threads': '2',
    'background.threads': '1',
    ...options.config,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Those who come without TLS have all rights, so that tests can give others some. */
function securedProperties(folder: string, { certificate }: SecuredListeners): Record<string, string> {
  const { cert, key } = certificate;
  const keystore = join(folder, 'broker.pem');
  writeFileSync(keystore, `${readFileSync(key, 'utf8')}${readFileSync(cert, 'utf8')}`);
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': cert,
    'listener.name.mutual.ssl.client.auth': 'required',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${alice.username};User:CN=araldo`,
  };
}

/** Whether kcat is told of a broker: one that is still starting listens before it is any. */
async function answers(port: number): Promise<boolean> {
  if (!(await listens(port))) return false;
  const told = await kcat(['-b', `127.0.0.1:${port}`, '-L', '-m', '10']).catch(() => '');
  return told.toString().includes(' 1 brokers:');
}

function existing(broker: string): KafkaServer {
  const cannot = (): never => {
    throw new Error('the broker of KAFKA_BOOTSTRAP is not ours to kill');
  };
  const stop = async (): Promise<void> => undefined;
  return {
    port: Number(/:(\d+)$/.exec(broker)?.[1] ?? 9092),
    broker,
    saslBroker: broker,
    pid: undefined,
    kill: async () => cannot(),
    restart: async () => cannot(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
