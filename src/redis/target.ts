/** Which Redis is meant: what a URL says, taken apart once, and how it is named where people read it. */
import { AraldoError } from '../core/errors.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** `redis://host:port`: never the password, so it may be printed and compared. */
  readonly address: string;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://user:password@host:port/database`, or `rediss://` for TLS. Everything else a URL may carry is
 * refused, not ignored. Throws an `AraldoError` (`invalid-value`) that does not repeat the URL: it may hold a
 * password.
 *
 * @example
 * parseTarget('redis://cache:6380').address // 'redis://cache:6380'
 */
export function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTls = url?.protocol === 'rediss:';
  if (url === undefined || url.hostname === '' || (!isTls && url.protocol !== 'redis:')) {
    throw invalid('expected a URL such as redis://host:6379 or rediss://user:password@host:6379');
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid('expected no ? and no # in the URL of Redis: encode them as %3F and %23 in a password');
  }
  const path = /^\/?(\d{0,5})$/.exec(url.pathname);
  if (path === null)
    throw invalid('expected the number of a database as the path of the URL of Redis, or none');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const hostname = url.hostname.toLowerCase();
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    isTls,
    username: decoded(url.username),
    password: decoded(url.password),
    database: Number(path[1]),
    address: `${isTls ? 'rediss' : 'redis'}://${hostname}:${port}`,
  };
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    throw invalid('expected a % in the user or password of the URL of Redis to be written as %25');
  }
}

function invalid(text: string): AraldoError {
  return new AraldoError('invalid-value', text);
}
