/** Which broker is meant: what a URL says, taken apart once, and how it is named where people read it. */
import { AraldoError } from '../../src/core/errors.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** `mqtt://host:port`: never the password, so it may be printed and compared. */
  readonly address: string;
}

const PORT = 1883;
const TLS_PORT = 8883;

/**
 * Reads `mqtt://user:password@host:port`, or `mqtts://` for TLS. Everything else a URL may carry is refused, not
 * ignored. Throws an `AraldoError` (`invalid-value`) that does not repeat the URL: it may hold a password.
 *
 * @example
 * parseTarget('mqtts://broker').address // 'mqtts://broker:8883'
 */
export function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTls = url?.protocol === 'mqtts:';
  if (url === undefined || url.hostname === '' || (!isTls && url.protocol !== 'mqtt:')) {
    throw invalid('expected a URL such as mqtt://host:1883 or mqtts://user:password@host:8883');
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid('expected no ? and no # in the URL of a broker: encode them as %3F and %23 in a password');
  }
  if (url.pathname !== '' && url.pathname !== '/') {
    throw invalid('expected no path in the URL of a broker: topics stand under subscribe and publish');
  }
  if (url.password !== '' && url.username === '') {
    throw invalid('expected a user before the password in the URL of a broker');
  }
  const port = url.port === '' ? (isTls ? TLS_PORT : PORT) : Number(url.port);
  const hostname = url.hostname.toLowerCase();
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    isTls,
    username: decoded(url.username),
    password: decoded(url.password),
    address: `${isTls ? 'mqtts' : 'mqtt'}://${hostname}:${port}`,
  };
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    throw invalid('expected a % in the user or password of the URL of a broker to be written as %25');
  }
}

function invalid(text: string): AraldoError {
  return new AraldoError('invalid-value', text);
}
