/** Node-RED: a WebSocket in, a WebSocket out, and between them what lets the second one reach everybody. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import { temporaryFolder } from '../process/folder.ts';
import { cache, installFromNpm } from '../process/install.ts';
import { launch } from '../process/launch.ts';
import type { System } from './system.ts';

const VERSION = '5.0.7';
const home = join(cache, 'node-red', 'node_modules', 'node-red');

export const nodeRed: System = {
  name: 'Node-RED',
  shapes: ['broadcast'],
  hasTls: false,
  prepare() {
    const problem = installed() === VERSION ? undefined : installFromNpm('node-red', VERSION);
    const version = installed();
    return version === undefined ? { missing: problem ?? 'npm installed something else' } : { version };
  },
  async start() {
    const folder = temporaryFolder('node-red');
    const port = await freePort();
    writeFileSync(join(folder.path, 'flows.json'), JSON.stringify(flow));
    writeFileSync(join(folder.path, 'settings.js'), `module.exports = ${JSON.stringify(settings(port))};\n`);
    const launched = await launch([process.execPath, join(home, 'red.js'), '-u', folder.path, 'flows.json'], {
      core: 'server',
      port,
    });
    return {
      ...launched,
      publish: { kind: 'websocket', port, path: '/in' },
      subscribe: { kind: 'websocket', port, path: '/out' },
      async stop() {
        await launched.stop();
        folder.remove();
      },
    };
  },
};

const flow = [
  { id: 'tab', type: 'tab', label: 'bench' },
  { id: 'listen-in', type: 'websocket-listener', path: '/in', wholemsg: 'false' },
  { id: 'listen-out', type: 'websocket-listener', path: '/out', wholemsg: 'false' },
  { id: 'in', z: 'tab', type: 'websocket in', server: 'listen-in', client: '', wires: [['forget']] },
  {
    id: 'forget',
    z: 'tab',
    type: 'change',
    // With it, the answer would go to the sender alone.
    rules: [{ t: 'delete', p: '_session', pt: 'msg' }],
    wires: [['out']],
  },
  { id: 'out', z: 'tab', type: 'websocket out', server: 'listen-out', client: '', wires: [] },
];

function settings(port: number): object {
  return {
    uiPort: port,
    uiHost: '127.0.0.1',
    httpAdminRoot: false,
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'error', metrics: false, audit: false } },
  };
}

function installed(): string | undefined {
  const manifest = join(home, 'package.json');
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
