/** Debian's NATS server, over its WebSocket listener. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../../test/certificate.ts';
import { freePort } from '../../test/servers/free-port.ts';
import { temporaryFolder } from '../process/folder.ts';
import { findProgram, installPackages, versionFrom } from '../process/install.ts';
import { launch } from '../process/launch.ts';
import type { System } from './system.ts';

export const nats: System = {
  name: 'nats-server',
  shapes: ['broadcast', 'chat', 'rooms'],
  hasTls: true,
  prepare() {
    const problem = findProgram('nats-server') === undefined ? installPackages(['nats-server']) : undefined;
    const version = versionFrom(findProgram('nats-server') ?? 'nats-server', ['--version']);
    return version === undefined ? { missing: problem ?? 'it does not run' } : { version };
  },
  async start(shape, certificate) {
    const folder = temporaryFolder('nats');
    const port = await freePort();
    const file = join(folder.path, 'nats.conf');
    writeFileSync(file, configuration(await freePort(), port, certificate));
    const launched = await launch([findProgram('nats-server') ?? 'nats-server', '-c', file], {
      core: 'server',
      port,
    });
    const subject = shape === 'rooms' ? '{room}' : 'r0000';
    const isSecure = certificate !== undefined;
    const wire = { kind: 'nats', port, isSecure, subject, echo: shape !== 'chat' } as const;
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
function configuration(port: number, webSocketPort: number, certificate: Certificate | undefined): string {
  const tls =
    certificate === undefined
      ? 'no_tls: true'
      : `tls { cert_file: "${certificate.cert}", key_file: "${certificate.key}" }`;
  return `
host: 127.0.0.1
port: ${port}
ping_interval: "10m"
websocket { host: 127.0.0.1, port: ${webSocketPort}, ${tls} }
`;
}
