/** Which servers are meant: what their URLs say, taken apart once, and how they are named where people read it. */
import { AraldoError } from '../core/errors.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** A user without a password is a token. */
  readonly token: string | undefined;
  /** `nats://host:port`: never a password, so it may be printed and compared. */
  readonly address: string;
}

const DEFAULT_PORT = 4222;

/**
 * Reads `nats://user:password@host:port`, `nats://token@host`, or `tls://` for a connection that must be encrypted.
 * Everything else a URL may carry is refused, not ignored. Throws an `AraldoError` (`invalid-value`) that does not
 * repeat the URL: it may hold a password.
 *
 * @example
 * parseServer('nats://broker').address // 'nats://broker:4222'
 */
export function parseServer(text: string): Server {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTls = url?.protocol === 'tls:';
  if (url === undefined || url.hostname === '' || (!isTls && url.protocol !== 'nats:')) {
    throw invalid('expected a URL such as nats://host:4222 or tls://user:password@host:4222');
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid('expected no ? and no # in the URL of NATS: encode them as %3F and %23 in a password');
  }
  if (!/^\/?$/.test(url.pathname)) throw invalid('expected no path in the URL of NATS');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const hostname = url.hostname.toLowerCase();
  const username = decoded(url.username);
  const password = decoded(url.password);
  const isToken = username !== undefined && password === undefined;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    isTls,
    username: isToken ? undefined : username,
    password,
    token: isToken ? username : undefined,
    address: `nats://${hostname}:${port}`,
  };
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    throw invalid('expected a % in the user or password of the URL of NATS to be written as %25');
  }
}

function invalid(text: string): AraldoError {
  return new AraldoError('invalid-value', text);
}
