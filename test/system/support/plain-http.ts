// A bare node:http server that is killed and started again on its port: all its connections end at once, as when its
// process does.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface PlainHttp {
  readonly port: number;
  readonly server: Server;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export async function startPlainHttp(answer: RequestListener): Promise<PlainHttp> {
  const server = createServer(answer);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    server,
    kill() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.resetAndDestroy();
      return closed;
    },
    restart: () => listen(port),
  };
}
