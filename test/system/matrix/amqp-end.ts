// RabbitMQ by amqplib.

import { type ChannelModel, type ConfirmChannel, connect, type MessageProperties } from 'amqplib';
import type { End } from './end.ts';
import type { Raw } from './mapping.ts';

/** The names of amqplib for properties of AMQP. */
const nameOf = {
  messageId: 'message-id',
  contentType: 'content-type',
  correlationId: 'correlation-id',
  replyTo: 'reply-to',
  timestamp: 'timestamp',
} as const;

const properties = Object.entries(nameOf) as readonly (readonly [keyof typeof nameOf, string])[];

export function amqpEnd(url: string): End {
  const taken: Raw[] = [];
  let client: ChannelModel;
  let channel: ConfirmChannel;
  const common = { id: 'endpoint-amqp', url, 'queue-type': 'classic', marshal: 'none' } as const;
  return {
    source: { ...common, queue: 'in' },
    sink: { ...common, 'to-queue': 'out' },
    async open() {
      client = await connect(url);
      channel = await client.createConfirmChannel();
      const take = (payload: Buffer, given: MessageProperties): void => {
        const all = given as unknown as Readonly<Record<string, string | number | undefined>>;
        const known = properties.map(([name, field]) => [field, all[name]] as const);
        const fields = Object.fromEntries(known.filter(([, value]) => value !== undefined));
        taken.push({
          payload,
          fields: fields as Raw['fields'],
          headers: { ...given.headers },
        });
      };
      await channel.consume('out', (message) => message && take(message.content, message.properties), {
        noAck: true,
      });
    },
    async put({ payload, fields, headers }) {
      const given = properties.filter(([, name]) => fields[name] !== undefined);
      const options = Object.fromEntries(given.map(([name, place]) => [name, fields[place]]));
      channel.sendToQueue('in', payload, { ...options, headers: { ...headers } });
      await channel.waitForConfirms();
    },
    taken: () => taken,
    async close() {
      await client?.close();
    },
  };
}
