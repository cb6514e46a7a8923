/** Which Redis is meant. */
import { type BrokerUrl, type BrokerUrlForm, invalid, readBrokerUrl } from '../options/broker-url.ts';

export interface Target extends Omit<BrokerUrl, 'path'> {
  readonly database: number;
}

const form: BrokerUrlForm = {
  of: 'Redis',
  such: 'redis://host:6379 or rediss://user:password@host:6379',
  plain: { scheme: 'redis', port: 6379 },
  tls: { scheme: 'rediss', port: 6379 },
};

/**
 * Reads `redis://user:password@host:port/database`, or `rediss://` for TLS. Throws as `readBrokerUrl` does.
 *
 * @example
 * parseTarget('redis://cache:6380').address // 'redis://cache:6380'
 */
export function parseTarget(text: string): Target {
  const { path, ...target } = readBrokerUrl(text, form);
  if (!/^\d{0,5}$/.test(path))
    throw invalid('expected the number of a database as the path of the URL of Redis, or none');
  return { ...target, database: Number(path) };
}
