// The two servers that the suite talks to: araldo as a user runs it, and `ws` as it comes. Both echo.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { araldo, portOf, type Run } from '../system/support/command.ts';

export interface EchoServer extends AsyncDisposable {
  readonly name: 'araldo' | 'ws';
  readonly url: string;
  /** Throws when it has ended. */
  check(): void;
}

/** Every peer gets what it sent. The largest message of the suite has 16 MiB. */
const yaml = `
server-port: 0
plugins:
  - { name: echo, id: endpoint-websocket, path: /echo, reach: peer, max-payload: 16MiB }
routes:
  echo: [echo]
`;

/** In a process of its own, with its configuration in `folder`. */
export async function startAraldo(folder: string): Promise<EchoServer> {
  const file = join(folder, 'araldo.yaml');
  writeFileSync(file, yaml);
  const run: Run = araldo(folder, '-c', file);
  const port = await portOf(run);
  return {
    name: 'araldo',
    url: `ws://127.0.0.1:${port}/echo`,
    check() {
      const { exitCode, signalCode } = run.child;
      if (exitCode === null && signalCode === null) return;
      throw new Error(`araldo has ended (${exitCode ?? signalCode}):\n${run.out.stderr.slice(-4_096)}`);
    },
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  };
}

export async function startPlainWs(): Promise<EchoServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }));
    // The suite breaks the protocol on purpose; `ws` closes the connection by itself.
    socket.on('error', () => undefined);
  });
  await once(server, 'listening');
  return {
    name: 'ws',
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    check: () => undefined,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
