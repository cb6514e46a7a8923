/** Which server of NATS is meant. */
import { type BrokerUrl, type BrokerUrlForm, invalid, readBrokerUrl } from '../options/broker-url.ts';

export interface Server extends Omit<BrokerUrl, 'path'> {
  /** A user without a password is a token. */
  readonly token: string | undefined;
}

const form: BrokerUrlForm = {
  of: 'NATS',
  such: 'nats://host:4222 or tls://user:password@host:4222',
  plain: { scheme: 'nats', port: 4222 },
  tls: { scheme: 'tls', port: 4222 },
};

/**
 * Reads `nats://user:password@host:port`, `nats://token@host`, or `tls://` for a connection that must be encrypted; the
 * address begins with `nats://` either way. Throws as `readBrokerUrl` does.
 *
 * @example
 * parseServer('nats://broker').address // 'nats://broker:4222'
 */
export function parseServer(text: string): Server {
  const { path, username, ...server } = readBrokerUrl(text, form);
  if (path !== '') throw invalid('expected no path in the URL of NATS');
  const isToken = username !== undefined && server.password === undefined;
  return {
    ...server,
    username: isToken ? undefined : username,
    token: isToken ? username : undefined,
    address: server.address.replace(/^tls:/, 'nats:'),
  };
}
