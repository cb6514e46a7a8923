/** Opens the port, and says in one sentence why it could not. */
import type { Server } from 'node:net';
import { AraldoError } from '../core/errors.ts';
import { authority, isLoopback } from './address.ts';

export interface Address {
  readonly host: string;
  /** The port that was opened, also when 0 was asked for. */
  readonly port: number;
  /** What a person opens in a browser. */
  readonly url: string;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

/** How many connections the kernel keeps while the event loop is busy: thousands of peers reconnect at once. */
const BACKLOG = 4_096;

/** Rejects with an `AraldoError`: `port-in-use` or `listen-failed`. */
export function listen(server: Server, { host, port, scheme }: ListenOptions): Promise<Address> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(explain(error, host, port));
    server.once('error', onError);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', onError);
      const bound = server.address();
      const actual = bound === null || typeof bound === 'string' ? port : bound.port;
      resolve({ host, port: actual, url: `${scheme}://${authority(visible(host), actual)}/` });
    });
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): AraldoError {
  const where = authority(host, port);
  switch (error.code ?? '') {
    case 'EADDRINUSE':
      return new AraldoError(
        'port-in-use',
        `port ${port} is in use: stop the process that listens on ${where}, or set another "server-port"`,
        { cause: error, place: { path: 'server-port' } },
      );
    case 'EACCES':
      return new AraldoError(
        'listen-failed',
        `port ${port} may not be opened by this user: set a "server-port" above 1023`,
        { cause: error, place: { path: 'server-port' } },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AraldoError(
        'listen-failed',
        `${host} is no address of this machine: set "server-host" to 127.0.0.1, or to 0.0.0.0 for all of them`,
        { cause: error, place: { path: 'server-host' } },
      );
    default:
      return new AraldoError('listen-failed', `could not listen on ${where}: ${error.message}`, {
        cause: error,
        place: { path: 'server-port' },
      });
  }
}

/** An address of all interfaces is no place to visit. */
function visible(host: string): string {
  return isLoopback(host) || (host !== '0.0.0.0' && host !== '::') ? host : 'localhost';
}
