/** Which RabbitMQ is meant: what a URL says, taken apart once, and how it is named where people read it. */
import { AraldoError } from '../../src/core/errors.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly vhost: string;
  /** `amqp://host:port`, with the vhost if it has a name: never the password, so it may be printed and compared. */
  readonly address: string;
}

const DEFAULT_PORT = 5672;
const DEFAULT_TLS_PORT = 5671;

/**
 * Reads `amqp://user:password@host:port/vhost`, or `amqps://` for TLS. Everything else a URL may carry is refused,
 * not ignored. Throws an `AraldoError` (`invalid-value`) that does not repeat the URL: it may hold a password.
 *
 * @example
 * parseTarget('amqp://broker/sales').address // 'amqp://broker:5672/sales'
 */
export function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTls = url?.protocol === 'amqps:';
  if (url === undefined || url.hostname === '' || (!isTls && url.protocol !== 'amqp:')) {
    throw invalid('expected a URL such as amqp://host:5672 or amqps://user:password@host:5671/vhost');
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid('expected no ? and no # in the URL of AMQP: encode them as %3F and %23 in a password');
  }
  const path = url.pathname.replace(/^\//, '');
  if (path.includes('/')) throw invalid('expected a / in the name of a vhost to be written as %2F');
  const port = url.port === '' ? (isTls ? DEFAULT_TLS_PORT : DEFAULT_PORT) : Number(url.port);
  const hostname = url.hostname.toLowerCase();
  const vhost = path === '' ? '/' : decoded(path);
  const place = `${isTls ? 'amqps' : 'amqp'}://${hostname}:${port}`;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    isTls,
    username: url.username === '' ? undefined : decoded(url.username),
    password: url.password === '' ? undefined : decoded(url.password),
    vhost,
    address: vhost === '/' ? place : `${place}/${encodeURIComponent(vhost)}`,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid('expected a % in the user, password or vhost of the URL of AMQP to be written as %25');
  }
}

function invalid(text: string): AraldoError {
  return new AraldoError('invalid-value', text);
}
