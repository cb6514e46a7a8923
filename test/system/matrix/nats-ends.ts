// NATS by its own client: subjects, and a stream that is written and read by subjects.

import { connect, type Msg, headers as makeHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { End } from './end.ts';
import type { Raw } from './mapping.ts';

export function natsEnd(url: string): End {
  return natsClient(url, {
    source: { id: 'endpoint-nats', url, subscribe: 'in', marshal: 'none' },
    sink: { id: 'endpoint-nats', url, publish: 'out', 'reply-to': ['answers'], marshal: 'none' },
    subjects: ['in', 'out'],
  });
}

export function jetstreamEnd(url: string): End {
  const create = { storage: 'memory', subjects: ['js.*'] };
  const stream = { id: 'endpoint-jetstream', url, stream: 'MATRIX', create, marshal: 'none' };
  return natsClient(url, {
    source: { ...stream, durable: 'araldo', filter: 'js.in' },
    sink: { ...stream, publish: 'js.out' },
    subjects: ['js.in', 'js.out'],
  });
}

type Options = Pick<End, 'source' | 'sink'> & { readonly subjects: readonly [string, string] };

function natsClient(url: string, { source, sink, subjects: [into, out] }: Options): End {
  const taken: Raw[] = [];
  let client: NatsConnection;
  return {
    ...(source !== undefined && { source }),
    sink,
    async open() {
      client = await connect({ servers: url });
      client.subscribe(out, { callback: (_error, message) => void taken.push(rawOf(message)) });
      await client.flush();
    },
    async put({ payload, fields, headers }) {
      const { reply } = fields;
      const made = makeHeaders();
      for (const [name, value] of Object.entries(headers)) made.append(name, value);
      client.publish(into, payload, {
        ...(Object.keys(headers).length > 0 && { headers: made }),
        ...(reply !== undefined && { reply: String(reply) }),
      });
      await client.flush();
    },
    taken: () => taken,
    close: async () => client?.close(),
  };

  function rawOf({ data, headers, reply = '' }: Msg): Raw {
    // What JetStream is asked for an answer with is not of the message.
    const isOfMessage = reply !== '' && !reply.startsWith('_INBOX.');
    return {
      payload: Buffer.from(data),
      fields: isOfMessage ? { reply } : {},
      headers: Object.fromEntries((headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? ''])),
    };
  }
}
