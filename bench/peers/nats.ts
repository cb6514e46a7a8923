/** Debian's NATS server, over its WebSocket listener. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import { temporaryFolder } from '../process/folder.ts';
import { findProgram, installPackages, versionFrom } from '../process/install.ts';
import { launch } from '../process/launch.ts';
import type { System } from './system.ts';

export const nats: System = {
  name: 'nats-server',
  shapes: ['broadcast', 'chat', 'rooms'],
  prepare() {
    const problem = findProgram('nats-server') === undefined ? installPackages(['nats-server']) : undefined;
    const version = versionFrom(findProgram('nats-server') ?? 'nats-server', ['--version']);
    return version === undefined ? { missing: problem ?? 'it does not run' } : { version };
  },
  async start(shape) {
    const folder = temporaryFolder('nats');
    const port = await freePort();
    const file = join(folder.path, 'nats.conf');
    writeFileSync(file, configuration(await freePort(), port));
    const launched = await launch([findProgram('nats-server') ?? 'nats-server', '-c', file], {
      core: 'server',
      port,
    });
    const subject = shape === 'rooms' ? '{room}' : 'r0000';
    const wire = { kind: 'nats', port, subject, echo: shape !== 'chat' } as const;
    return {
      ...launched,
      publish: wire,
      subscribe: wire,
      async stop() {
        await launched.stop();
        folder.remove();
      },
    };
  },
};

/** Its defaults, but for pings that would come in between. */
function configuration(port: number, webSocketPort: number): string {
  return `
host: 127.0.0.1
port: ${port}
ping_interval: "10m"
websocket { host: 127.0.0.1, port: ${webSocketPort}, no_tls: true }
`;
}
