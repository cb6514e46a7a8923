/**
 * Run as a process: `plain-ws-relay.ts PORT SHAPE [CERT KEY]`. No bound, no ack, no ping: what a relay costs at the
 * least.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type WebSocket, WebSocketServer } from 'ws';

const [port = '', shape = '', cert, key] = process.argv.slice(2);
const rooms = new Map<string, Set<WebSocket>>();

const http =
  cert === undefined || key === undefined
    ? createHttp()
    : createHttps({ cert: readFileSync(cert), key: readFileSync(key) });
const server = new WebSocketServer({ server: http, clientTracking: false });
http.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });

server.on('connection', (socket, request) => {
  const [, side = '', room = 'all'] = (request.url ?? '').split('/');
  const peers = rooms.get(room) ?? new Set();
  rooms.set(room, peers);
  if (side !== 'in') {
    peers.add(socket);
    socket.on('close', () => peers.delete(socket));
  }
  if (side !== 'out') {
    socket.on('message', (data, isBinary) => {
      for (const peer of peers) {
        if (peer !== socket || shape !== 'chat') peer.send(data, { binary: isBinary });
      }
    });
  }
  socket.on('error', () => socket.terminate());
});
