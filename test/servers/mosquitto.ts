// A real mosquitto for one test: on a free port, in a folder of its own, as durable as mosquitto can be, killed and
// restarted at will.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../certificate.ts';
import { find } from './find.ts';
import { freePort, onFreePort } from './free-port.ts';
import { isAnswered } from './probe.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

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

export interface MosquittoServer extends ServerProcess {
  readonly port: number;
  /** `mqtt://127.0.0.1:<port>` */
  readonly url: string;
  /** `mqtts://127.0.0.1:<port>`, where it has such a listener. */
  readonly tlsUrl: string | undefined;
}

/** Starts a mosquitto; resolves when it answers a CONNECT. It ends with the test process at the latest. */
export function startMosquitto(options: MosquittoOptions = {}): Promise<MosquittoServer> {
  return onFreePort(async (plain) => startOn({ plain, tls: await freePort() }, options));
}

/** CONNECT of MQTT 3.1.1, without a client id. */
const CONNECT = Buffer.from([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 0]);
/** The answer to it, be it a refusal. */
const CONNACK = 0x20;

interface Ports {
  readonly plain: number;
  readonly tls: number;
}

async function startOn(ports: Ports, options: MosquittoOptions): Promise<MosquittoServer> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-mosquitto-'));
  const server = await startServerProcess({
    name: 'mosquitto',
    command: find('mosquitto') ?? 'mosquitto',
    args: ['-c', writeConfiguration(folder, ports, options)],
    folder,
    answers: () => isAnswered(ports.plain, { sent: CONNECT, isRight: ([first]) => first === CONNACK }),
  });
  return Object.assign(server, {
    port: ports.plain,
    url: `mqtt://127.0.0.1:${ports.plain}`,
    tlsUrl: options.tls === undefined ? undefined : `mqtts://127.0.0.1:${ports.tls}`,
  });
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
