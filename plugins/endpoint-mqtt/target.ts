/** Which broker of MQTT is meant. */
import { type BrokerUrl, type BrokerUrlForm, invalid, readBrokerUrl } from '../../src/options/broker-url.ts';

export type Target = Omit<BrokerUrl, 'path'>;

const form: BrokerUrlForm = {
  of: 'MQTT',
  such: 'mqtt://host:1883 or mqtts://user:password@host:8883',
  plain: { scheme: 'mqtt', port: 1883 },
  tls: { scheme: 'mqtts', port: 8883 },
};

/**
 * Reads `mqtt://user:password@host:port`, or `mqtts://` for TLS. Throws as `readBrokerUrl` does.
 *
 * @example
 * parseTarget('mqtts://broker').address // 'mqtts://broker:8883'
 */
export function parseTarget(text: string): Target {
  const { path, ...target } = readBrokerUrl(text, form);
  if (path !== '')
    throw invalid('expected no path in the URL of MQTT: topics stand under subscribe and publish');
  if (target.password !== undefined && target.username === undefined)
    throw invalid('expected a user before the password in the URL of MQTT');
  return target;
}
