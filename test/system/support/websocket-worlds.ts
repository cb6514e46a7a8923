// WebSockets as the battery sees them: a server that araldo connects to, and peers that connect to araldo.

import { WebSocket, WebSocketServer } from 'ws';
import { plugin as serving } from '../../../plugins/endpoint-websocket/index.ts';
import { plugin as connecting } from '../../../plugins/endpoint-websocket-client/index.ts';
import type { BatteryWorld, OutsideMessage, ServerAddress } from '../../../src/testing/index.ts';
import { startOwnHttp } from './own-http.ts';
import { startPlainHttp } from './plain-http.ts';

const ping = { every: '300ms', timeout: '300ms' };
const noHeaders = {
  'carries meta from sink to source': 'a frame has no headers: an envelope carries what meta has',
};

/** For endpoint-websocket-client. */
export async function websocketClientWorld(): Promise<BatteryWorld> {
  const taken: OutsideMessage[] = [];
  const readers = new Set<WebSocket>();
  const far = await startPlainHttp((_request, response) => void response.end());
  const server = new WebSocketServer({ noServer: true });
  far.server.on('upgrade', (incoming, socket, head) => {
    if (incoming.url === '/locked') return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
    server.handleUpgrade(incoming, socket, head, (peer) => {
      peer.on('error', () => undefined);
      if (incoming.url === '/in') readers.add(peer);
      peer.on('message', (data) => taken.push({ payload: data as Buffer }));
      peer.on('close', () => readers.delete(peer));
    });
  });
  const url = ({ host, port }: ServerAddress, path: string, login = ''): object => ({
    url: `ws://${login}${host}:${port}${path}`,
    ping,
  });
  return {
    plugin: connecting,
    server: { host: '127.0.0.1', port: far.port },
    source: (at) => url(at, '/in'),
    sink: (at) => url(at, '/out'),
    refusals: (at) => [
      {
        what: 'wrong password',
        options: url(at, '/locked', 'someone:wrong-secret@'),
        says: /401/,
        secret: 'wrong-secret',
      },
    ],
    async put(messages) {
      for (const { payload } of messages) for (const reader of readers) reader.send(payload);
    },
    taken: () => Promise.resolve(taken),
    kill: far.kill,
    restart: far.restart,
    cannot: noHeaders,
    async end() {
      if (far.server.listening) await far.kill();
      server.close();
    },
  };
}

/** For endpoint-websocket: its peers come through the proxy. */
export async function websocketServerWorld(): Promise<BatteryWorld> {
  const own = await startOwnHttp();
  const taken: OutsideMessage[] = [];
  const peers = new Map<string, WebSocket>();
  let at: ServerAddress = { host: '127.0.0.1', port: own.port };
  let meeting: Promise<void> = Promise.resolve();

  const connect = async (path: string): Promise<void> => {
    const old = peers.get(path);
    if (old !== undefined && (await isThere(old))) return;
    old?.terminate();
    peers.delete(path);
    const peer = new WebSocket(`ws://${at.host}:${at.port}${path}`);
    peer.on('message', (data) => taken.push({ payload: data as Buffer }));
    // The endpoint of the case may not be there: 404.
    peer.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      for (const event of ['open', 'close']) peer.once(event, () => resolve());
    });
    if (peer.readyState === WebSocket.OPEN) peers.set(path, peer);
  };
  const options = (path: string) => (address: ServerAddress) => {
    at = address;
    return { path, ping };
  };
  return {
    plugin: serving,
    service: own.service,
    server: { host: '127.0.0.1', port: own.port },
    source: options('/in'),
    // Both endpoints of a case have one name, so that a peer of either may have the id of one of the other.
    sink: (address) => ({ ...options('/out')(address), echo: true }),
    async put(messages) {
      const peer = peers.get('/in');
      if (peer === undefined) throw new Error('nobody is connected to /in');
      for (const { payload } of messages) peer.send(payload);
    },
    taken: () => Promise.resolve(taken),
    meet() {
      meeting = meeting.then(async () => {
        for (const path of ['/in', '/out']) await connect(path);
      });
      return meeting;
    },
    cannot: {
      ...noHeaders,
      'flows again after its server was killed under load': 'it is the server',
    },
    async end() {
      for (const peer of peers.values()) peer.terminate();
      await own.end();
    },
  };
}

/** Whether it answers: one that was cut off may not know yet. */
async function isThere(peer: WebSocket): Promise<boolean> {
  if (peer.readyState !== WebSocket.OPEN) return false;
  return new Promise((resolve) => {
    peer.once('pong', () => resolve(true));
    setTimeout(resolve, 300, false);
    peer.ping();
  });
}
