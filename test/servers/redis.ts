// A real Redis for one test: on a free port, in a folder of its own, as durable as Redis can be, killed and restarted
// at will.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find } from './find.ts';
import { onFreePort } from './free-port.ts';
import { isAnswered } from './probe.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** When writes are synced to the append-only file. Default `always`: what Redis acknowledged, a kill cannot lose. */
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  /** More of redis.conf, as `{ maxmemory: '10mb' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface RedisServer extends ServerProcess {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
}

/** Starts a Redis; resolves when it answers PING. It ends with the test process at the latest. */
export function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { port } = options;
  return port === undefined ? onFreePort((free) => startOn(free, options)) : startOn(port, options);
}

async function startOn(port: number, options: RedisOptions): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-redis-'));
  const server = await startServerProcess({
    name: 'redis-server',
    command: find('redis-server') ?? 'redis-server',
    args: argumentsFor(port, folder, options),
    folder,
    answers: ({ pid }) => isUp(port, pid),
  });
  return Object.assign(server, { port, url: `redis://127.0.0.1:${port}` });
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

/** Whether PING is answered by PONG (not while it loads its data), by the process with that id. */
function isUp(port: number, pid: number): Promise<boolean> {
  return isAnswered(port, {
    sent: 'PING\r\nINFO server\r\n',
    isRight: (answer) => {
      const text = answer.toString();
      const answeredBy = /process_id:(\d+)\r/.exec(text)?.[1];
      return answeredBy === undefined ? undefined : text.startsWith('+PONG') && Number(answeredBy) === pid;
    },
  });
}
