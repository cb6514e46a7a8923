/** araldo as people run it: an ordinary YAML in a folder, and the command. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../src/version.ts';
import type { Certificate } from '../../test/certificate.ts';
import { freePort } from '../../test/servers/free-port.ts';
import type { Wire } from '../generator/wire.ts';
import { temporaryFolder } from '../process/folder.ts';
import { launch } from '../process/launch.ts';
import type { Running, Shape, System } from './system.ts';

export interface AraldoOptions {
  /** Without `server-port`, which comes first. */
  readonly yaml: string;
  readonly publish: Endpoint;
  readonly subscribe: Endpoint;
  /** Files of ours that stand beside the YAML, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Its port is under TLS. */
  readonly certificate?: Certificate | undefined;
}

/** A path of araldo's own, or a wire of something behind it. */
type Endpoint = string | Wire;

export interface Profiling {
  /** The folder that profiles are written to, when the process ends. */
  readonly folder: string;
  readonly cpu: boolean;
  readonly heap: boolean;
}

export interface Araldo extends System {
  startWith(options: AraldoOptions): Promise<Running>;
}

const cli = join(import.meta.dirname, '..', '..', 'src', 'boot', 'run.js');

/** A process that writes a profile when it ends needs some time for that. */
const STOP_PROFILED_MS = 20_000;

const yamls: Readonly<Record<Shape, AraldoOptions>> = {
  broadcast: {
    yaml: `
plugins:
  - { name: in, id: endpoint-websocket, path: /in }
  - { name: out, id: endpoint-websocket, path: /out }
routes:
  in: [out]
`,
    publish: '/in',
    subscribe: '/out',
  },
  chat: {
    yaml: `
plugins:
  - { name: chat, id: endpoint-websocket, path: /chat }
routes:
  chat: [chat]
`,
    publish: '/chat',
    subscribe: '/chat',
  },
  rooms: {
    yaml: `
plugins:
  - { name: in, id: endpoint-websocket, path: /in/:room }
  - { name: out, id: endpoint-websocket, path: /out/:room }
routes:
  in: [out]
`,
    publish: '/in/{room}',
    subscribe: '/out/{room}',
  },
};

export function createAraldo(profiling: Profiling): Araldo {
  const flags = flagsOf(profiling);
  const isProfiled = flags.length > 0;

  const startWith = async (options: AraldoOptions): Promise<Running> => {
    const folder = temporaryFolder('araldo');
    const port = await freePort();
    const file = join(folder.path, 'araldo.yaml');
    writeFileSync(file, `server-port: ${port}\n${tlsOf(options.certificate)}${options.yaml}`);
    for (const [name, source] of Object.entries(options.files ?? {}))
      copyFileSync(source, join(folder.path, name));
    if (isProfiled) mkdirSync(profiling.folder, { recursive: true });
    try {
      const { stop, ...launched } = await launch([process.execPath, ...flags, cli, '-c', file], {
        core: 'server',
        port,
        ...(options.env === undefined ? {} : { env: options.env }),
      });
      return {
        ...launched,
        publish: wireOf(options.publish, port, options.certificate),
        subscribe: wireOf(options.subscribe, port, options.certificate),
        async stop() {
          await stop(isProfiled ? STOP_PROFILED_MS : undefined);
          folder.remove();
        },
      };
    } catch (error) {
      folder.remove();
      throw error;
    }
  };

  return {
    name: 'araldo',
    shapes: ['broadcast', 'chat', 'rooms'],
    hasTls: true,
    prepare: () => ({ version }),
    start: (shape, certificate) => startWith({ ...yamls[shape], certificate }),
    startWith,
  };
}

function flagsOf({ folder, cpu, heap }: Profiling): readonly string[] {
  return [
    ...(cpu ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []),
    ...(heap ? ['--heap-prof', `--heap-prof-dir=${folder}`] : []),
  ];
}

function tlsOf(certificate: Certificate | undefined): string {
  return certificate === undefined
    ? ''
    : `server-tls: { cert: ${certificate.cert}, key: ${certificate.key} }\n`;
}

function wireOf(endpoint: Endpoint, port: number, certificate: Certificate | undefined): Wire {
  if (typeof endpoint !== 'string') return endpoint;
  return { kind: 'websocket', port, isSecure: certificate !== undefined, path: endpoint };
}
