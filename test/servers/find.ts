// The programs that system tests need and that npm does not bring: where they are, and what Debian calls them.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Requirement =
  | 'mosquitto'
  | 'mosquitto-clients'
  | 'redis-server'
  | 'chromium'
  | 'python3'
  | 'python3-protobuf'
  | 'python3-avro'
  | 'nats-server'
  | 'rabbitmq-server'
  | 'amqp-tools'
  | 'kcat'
  | 'java'
  | 'maven';

/** Debian's Python, not the first on the PATH: that is the one apt installs modules for. */
export const pythonPath = '/usr/bin/python3';
export const pythonModules: readonly string[] = ['redis', 'websockets'];

/** The Debian packages that bring a requirement. */
export const debianPackages: Readonly<Record<Requirement, readonly string[]>> = {
  'redis-server': ['redis-server'],
  chromium: ['chromium'],
  mosquitto: ['mosquitto'],
  'mosquitto-clients': ['mosquitto-clients'],
  'nats-server': ['nats-server'],
  kcat: ['kcat'],
  java: ['default-jre-headless'],
  maven: ['maven'],
  'rabbitmq-server': ['rabbitmq-server'],
  'amqp-tools': ['amqp-tools'],
  python3: ['python3', 'python3-redis', 'python3-websockets'],
  'python3-protobuf': ['python3-protobuf', 'protobuf-compiler', 'libprotobuf-dev'],
  'python3-avro': ['python3-avro'],
};

export const requirements: readonly Requirement[] = [
  'mosquitto',
  'mosquitto-clients',
  'redis-server',
  'chromium',
  'python3',
  'python3-protobuf',
  'python3-avro',
  'nats-server',
  'rabbitmq-server',
  'amqp-tools',
  'kcat',
  'java',
  'maven',
];

/** The server's own script, and not Debian's wrapper around it, which is for root and its service. */
const rabbitmqPath = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** The path of a requirement's program, or undefined when it (or a Python module) is missing. */
export function find(requirement: Requirement): string | undefined {
  switch (requirement) {
    case 'redis-server':
      return onPath('redis-server');
    case 'chromium':
      return isExecutable('/usr/bin/chromium') ? '/usr/bin/chromium' : onPath('chromium');
    case 'python3':
      return hasPythonModules(pythonModules) ? pythonPath : undefined;
    case 'python3-protobuf':
      return existsSync('/usr/include/google/protobuf/struct.proto') && hasPythonModules(['google.protobuf'])
        ? onPath('protoc')
        : undefined;
    case 'python3-avro':
      return hasPythonModules(['avro']) ? pythonPath : undefined;
    case 'nats-server':
      return isExecutable('/usr/sbin/nats-server') ? '/usr/sbin/nats-server' : onPath('nats-server');
    case 'rabbitmq-server':
      return isExecutable(rabbitmqPath) ? rabbitmqPath : undefined;
    case 'amqp-tools':
      return onPath('amqp-publish');
    case 'mosquitto':
      return isExecutable('/usr/sbin/mosquitto') ? '/usr/sbin/mosquitto' : onPath('mosquitto');
    case 'mosquitto-clients':
      return onPath('mosquitto_pub');
    case 'kcat':
    case 'java':
      return onPath(requirement);
    case 'maven':
      return onPath('mvn');
    default:
      return requirement satisfies never;
  }
}

function hasPythonModules(modules: readonly string[]): boolean {
  if (!isExecutable(pythonPath)) return false;
  const script = `import ${modules.join(', ')}`;
  return spawnSync(pythonPath, ['-c', script], { stdio: 'ignore' }).status === 0;
}

function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
