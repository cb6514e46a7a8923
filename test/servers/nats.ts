// A real NATS server for one test, with JetStream: on a free port, its streams in a folder of its own, killed and
// restarted at will.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find } from './find.ts';
import { onFreePort } from './free-port.ts';
import { isAnswered } from './probe.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export interface NatsOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** More of the server's configuration, in its own notation: `authorization { token: "x" }`. */
  readonly config?: string;
}

export interface NatsServer extends ServerProcess {
  readonly port: number;
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  /** Where it keeps its streams. */
  readonly folder: string;
}

/** Starts a server; resolves when it greets. It ends with the test process at the latest. */
export function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const { port } = options;
  return port === undefined ? onFreePort((free) => startOn(free, options)) : startOn(port, options);
}

async function startOn(port: number, { config = '' }: NatsOptions): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-nats-'));
  const file = join(folder, 'nats.conf');
  // The name tells this server from another that took its port.
  writeFileSync(
    file,
    `server_name: "${folder}"\nlisten: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n${config}\n`,
  );
  const server = await startServerProcess({
    name: 'nats-server',
    command: find('nats-server') ?? 'nats-server',
    args: ['-c', file],
    folder,
    // It greets before it has read its streams.
    answers: async ({ log }) => log().includes('Server is ready') && (await greets(port, folder)),
    askEveryMs: 10,
  });
  return Object.assign(server, { port, url: `nats://127.0.0.1:${port}`, folder });
}

/** Whether the server of that name greets. */
function greets(port: number, name: string): Promise<boolean> {
  return isAnswered(port, {
    isRight: (greeting) => (greeting.includes('\r\n') ? greeting.includes(JSON.stringify(name)) : undefined),
  });
}
