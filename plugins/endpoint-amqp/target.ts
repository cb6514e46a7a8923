/** Which RabbitMQ is meant. */
import {
  type BrokerUrl,
  type BrokerUrlForm,
  decodeUrlPart,
  invalid,
  readBrokerUrl,
} from '../../src/options/broker-url.ts';

export interface Target extends Omit<BrokerUrl, 'path'> {
  readonly vhost: string;
}

const form: BrokerUrlForm = {
  of: 'AMQP',
  such: 'amqp://host:5672 or amqps://user:password@host:5671/vhost',
  plain: { scheme: 'amqp', port: 5672 },
  tls: { scheme: 'amqps', port: 5671 },
};

/**
 * Reads `amqp://user:password@host:port/vhost`, or `amqps://` for TLS. The address names the vhost, if it has a name.
 * Throws as `readBrokerUrl` does.
 *
 * @example
 * parseTarget('amqp://broker/sales').address // 'amqp://broker:5672/sales'
 */
export function parseTarget(text: string): Target {
  const { path, address, ...target } = readBrokerUrl(text, form);
  if (path.includes('/')) throw invalid('expected a / in the name of a vhost to be written as %2F');
  const vhost = path === '' ? '/' : decodeUrlPart(path, form.of);
  return {
    ...target,
    vhost,
    address: vhost === '/' ? address : `${address}/${encodeURIComponent(vhost)}`,
  };
}
