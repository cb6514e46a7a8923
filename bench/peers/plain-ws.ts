/** The relay that everybody writes first: `ws`, and `send` in a loop. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import { launch } from '../process/launch.ts';
import type { System } from './system.ts';

const relay = join(import.meta.dirname, 'plain-ws-relay.ts');

export const plainWs: System = {
  name: 'plain ws',
  shapes: ['broadcast', 'chat', 'rooms'],
  hasTls: true,
  prepare() {
    const manifest = createRequire(import.meta.url).resolve('ws/package.json');
    return { version: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version };
  },
  async start(shape, certificate) {
    const port = await freePort();
    const files = certificate === undefined ? [] : [certificate.cert, certificate.key];
    const command = [process.execPath, relay, String(port), shape, ...files];
    const launched = await launch(command, { core: 'server', port });
    const isSecure = certificate !== undefined;
    const room = shape === 'rooms' ? '/{room}' : '/all';
    const isChat = shape === 'chat';
    return {
      ...launched,
      publish: { kind: 'websocket', port, isSecure, path: isChat ? '/chat' : `/in${room}` },
      subscribe: { kind: 'websocket', port, isSecure, path: isChat ? '/chat' : `/out${room}` },
    };
  },
};
