// A WebSocket client for tests, that keeps what it receives.

import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { until } from './server.ts';

export interface TestPeer extends Disposable {
  readonly socket: WebSocket;
  /** Text frames as strings, binary ones as buffers. */
  readonly received: (string | Buffer)[];
  /** The close code, once it is closed. */
  readonly closed: Promise<number>;
  send(data: string | Buffer): void;
  /** Waits until it has received `count` messages, and returns all. */
  has(count: number, withinMs?: number): Promise<(string | Buffer)[]>;
}

/** Connects, over TLS where a `ca` is given; rejects with `status 403` and the like when it is refused. */
export async function connect(port: number, path: string, options: ClientOptions = {}): Promise<TestPeer> {
  const scheme = options.ca === undefined ? 'ws' : 'wss';
  const url = `${scheme}://127.0.0.1:${port}${path}`;
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  const received: (string | Buffer)[] = [];
  socket.on('message', (data: Buffer, isBinary: boolean) => received.push(isBinary ? data : data.toString()));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      reject(new Error(`status ${response.statusCode}`));
      socket.terminate();
    });
    socket.on('error', reject);
  });
  return {
    socket,
    received,
    closed,
    send: (data) => socket.send(data),
    async has(count, withinMs) {
      await until(
        `${count} messages are received, ${received.length} are`,
        () => received.length >= count,
        withinMs,
      );
      return received;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** Resolves when a peer that was told to go is gone. */
export async function gone(peer: TestPeer): Promise<void> {
  if (peer.socket.readyState !== WebSocket.CLOSED) await once(peer.socket, 'close');
}
