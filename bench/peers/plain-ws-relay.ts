/** Run as a process: `plain-ws-relay.ts PORT SHAPE`. No bound, no ack, no ping: what a relay costs at the least. */
import { type WebSocket, WebSocketServer } from 'ws';

const [port = '', shape = ''] = process.argv.slice(2);
const rooms = new Map<string, Set<WebSocket>>();

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(port),
  clientTracking: false,
  backlog: 4096,
});

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
