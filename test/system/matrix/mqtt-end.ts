// A client of MQTT 5 with the properties of its own.

import { connectAsync, type MqttClient } from 'mqtt';
import type { End } from './end.ts';
import type { Raw } from './mapping.ts';

export function mqttEnd(url: string): End {
  const taken: Raw[] = [];
  let client: MqttClient;
  return {
    source: { id: 'endpoint-mqtt', url, subscribe: 'in', marshal: 'none' },
    sink: { id: 'endpoint-mqtt', url, publish: 'out', marshal: 'none' },
    async open() {
      client = await connectAsync(url, { protocolVersion: 5 });
      client.on('message', (_topic, payload, { properties = {} }) => {
        const { contentType, correlationData, responseTopic, userProperties } = properties;
        taken.push({
          payload,
          fields: {
            ...(contentType !== undefined && { 'content type': contentType }),
            ...(correlationData !== undefined && { 'correlation data': correlationData.toString() }),
            ...(responseTopic !== undefined && { 'response topic': responseTopic }),
          },
          headers: { ...userProperties } as Raw['headers'],
        });
      });
      await client.subscribeAsync('out', { qos: 1 });
    },
    async put({ payload, fields, headers }) {
      const {
        'content type': contentType,
        'correlation data': data,
        'response topic': responseTopic,
      } = fields;
      const properties = {
        ...(contentType !== undefined && { contentType: String(contentType) }),
        ...(data !== undefined && { correlationData: Buffer.from(String(data)) }),
        ...(responseTopic !== undefined && { responseTopic: String(responseTopic) }),
        ...(Object.keys(headers).length > 0 && { userProperties: { ...headers } }),
      };
      await client.publishAsync('in', payload, { qos: 1, properties });
    },
    taken: () => taken,
    async close() {
      await client?.endAsync(true);
    },
  };
}
