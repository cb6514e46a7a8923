// Kafka by a producer and a consumer of its client library: records as they are, in bytes.

import { Consumer, type MessagesStream, Producer } from '@platformatic/kafka';
import { createTopics } from '../../servers/kafka-topic.ts';
import type { End } from './end.ts';
import type { Raw } from './mapping.ts';

const topics = ['matrix-in', 'matrix-out'] as const;

/** Makes the topics, and resolves with the end. */
export async function kafkaEnd(broker: string): Promise<End> {
  const base = { clientId: 'matrix', bootstrapBrokers: [broker] };
  await createTopics(broker, topics);
  const [into, out] = topics;
  const producer = new Producer({ ...base, autocreateTopics: false });
  const consumer = new Consumer({ ...base, groupId: 'matrix-beside' });
  const taken: Raw[] = [];
  let stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>;
  const common = { id: 'endpoint-kafka', brokers: [broker], marshal: 'none' } as const;
  return {
    source: { ...common, topics: [into], group: 'araldo', commit: '100ms' },
    sink: { ...common, topic: out },
    async open() {
      stream = await consumer.consume({
        topics: [out],
        mode: 'earliest',
        sessionTimeout: 10_000,
        maxWaitTime: 100,
      });
      stream.on('data', ({ key, value, headers, timestamp }) => {
        const isKeyed = (key as Buffer | null | undefined)?.length !== undefined && key.length > 0;
        taken.push({
          payload: value,
          fields: { ...(isKeyed && { key: key.toString() }), timestamp: Number(timestamp) },
          headers: Object.fromEntries([...headers].map(([name, header]) => [String(name), String(header)])),
        });
      });
    },
    async put({ payload, fields: { key, timestamp }, headers }) {
      const record = {
        topic: into,
        value: payload,
        ...(key !== undefined && { key: Buffer.from(String(key)) }),
        ...(timestamp !== undefined && { timestamp: BigInt(timestamp) }),
        headers: new Map(
          Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
        ),
      };
      await producer.send({ messages: [record], acks: -1 });
    },
    taken: () => taken,
    async close() {
      await stream?.close();
      await consumer.close(true);
      await producer.close();
    },
  };
}
