// A server on a free port of loopback, and raw clients that say exactly what they say.

import { connect, type Socket } from 'node:net';
import { silentLog } from '../../src/core/log.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { serverStatus } from './status.ts';

export interface Served extends AsyncDisposable {
  readonly server: HttpServer;
  readonly port: number;
  readonly url: string;
}

/** `await using served = await serve()`: listens, and is closed with its scope. */
export async function serve(options: Partial<HttpServerOptions> = {}): Promise<Served> {
  const server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    hosts: [],
    status: { status: () => serverStatus() },
    log: silentLog,
    ...options,
    limits: { closeMs: 200, ...options.limits },
  });
  const { port } = await server.listen();
  return {
    server,
    port,
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Sends text as it is, and resolves with all that came back when the server hangs up. */
export function exchange(port: number, text: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, host, () => socket.write(text));
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/** A GET whose connection ends with the answer. */
export function get(path: string, headers: readonly string[] = [], host = 'localhost'): string {
  return [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, '', ''].join('\r\n');
}

/** An upgrade to WebSocket. */
export function upgrade(path: string, method = 'GET', headers: readonly string[] = []): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

/** The status of the answer, or of each of several. */
export function statuses(answer: string): number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
}

export function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
    socket.resume();
  });
}
