/** Kafka: reads topics as a member of a consumer group, and writes a topic. At least once, in order of partition. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import { capabilitiesOf, type Settings } from './settings.ts';
import { createTransport } from './transport.ts';

const DEFAULT_PORT = 9092;

/** A consumer reads some topics; for a thousand of them one has a thousand endpoints, or a mistake. */
const MOST_TOPICS = 256;

const MOST_BROKERS = 64;

const MAX_BATCH = 64 * 1024 * 1024;

const topic = z
  .string()
  .regex(
    /^[\w.-]{1,249}$/,
    'expected the name of a topic: 1 to 249 letters, digits, dots, dashes, underscores',
  );

const broker = z
  .string()
  .regex(
    /^(\[[0-9a-fA-F:]+\]|[^\s:/@]+)(:\d{1,5})?$/,
    'expected host:port, such as kafka-1:9092, without kafka:// and without a password',
  )
  .transform((text) => (/:\d+$/.test(text) ? text : `${text}:${DEFAULT_PORT}`));

const options = z
  .strictObject({
    brokers: z
      .array(broker)
      .min(1)
      .max(MOST_BROKERS)
      .prefault([`127.0.0.1:${DEFAULT_PORT}`])
      .describe('Brokers to ask first, as host:port; one that answers is enough.'),
    topic: topic
      .optional()
      .describe('The topic to write; with group, and unless topics says others, also read.'),
    topics: z.array(topic).min(1).max(MOST_TOPICS).optional().describe('The topics to read. Needs group.'),
    group: z
      .string()
      .min(1)
      .regex(/^\S+$/, 'expected the name of a group, without spaces')
      .optional()
      .describe('The consumer group to read as a member of; without it the endpoint only writes.'),
    'client-id': z
      .string()
      .regex(/^\S+$/, 'expected a name without spaces')
      .default('araldo')
      .describe('What brokers call this client in their logs and quotas.'),
    start: z
      .enum(['earliest', 'latest'])
      .default('earliest')
      .describe(
        'Where a group begins that has committed nothing: with all there is, or with what comes now.',
      ),
    isolation: z
      .enum(['read-committed', 'read-uncommitted'])
      .default('read-committed')
      .describe('Whether messages of transactions that are open or were aborted are left out.'),
    acks: z
      .enum(['all', 'leader'])
      .default('all')
      .describe('Who must have a message before it is confirmed: all replicas in sync, or one broker.'),
    idempotent: z
      .boolean()
      .default(true)
      .describe('Whether brokers leave out what a request brings them twice. Needs acks: all.'),
    compression: z
      .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
      .default('none')
      .describe('How what is written is compressed, in batches.'),
    linger: duration()
      .default(0)
      .describe('How long a message waits for others to be sent with; without it, for those of its turn.'),
    create: z
      .union([
        z.boolean(),
        z.strictObject({
          partitions: z.int().min(1).optional().describe('How many; the default of the broker unless given.'),
          replicas: z.int().min(1).optional().describe('How many; the default of the broker unless given.'),
        }),
      ])
      .default(false)
      .describe('Whether a topic that is not there is created; otherwise the endpoint does not open.'),
    sasl: z
      .strictObject({
        mechanism: z
          .enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
          .default('SCRAM-SHA-512')
          .describe('How the password is shown to the broker.'),
        username: z.string().min(1).describe('The name of the user.'),
        password: z.string().min(1).describe('Written as ${KAFKA_PASSWORD} or ${file:path}.'),
      })
      .optional()
      .describe('Who we are. Without tls, PLAIN sends the password for everybody on the way to read.'),
    tls: z
      .union([z.boolean(), tlsFiles()])
      .default(false)
      .describe('Connects over TLS: true trusts the well-known certificates.'),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest payload of a message, in and out; a larger one goes to on-error.'),
    'max-batch': size()
      .optional()
      .describe(
        'The most that a batch may be when it is decompressed; a larger one goes to on-error, as one message. 64MiB unless given, or four times a larger max-payload.',
      ),
    commit: duration()
      .default(1_000)
      .describe(
        'How often the group is told how far we are; also when a partition is handed over, and at the end.',
      ),
    'session-timeout': duration()
      .default(10_000)
      .describe('How long the group waits for a member that is gone without a word.'),
    timeout: duration().default(15_000).describe('How long a broker may take to answer.'),
  })
  .refine((value) => (value.topic ?? value.topics) !== undefined, {
    message: 'expected topic, or topics and group',
  })
  .refine((value) => value.topics === undefined || value.group !== undefined, {
    path: ['group'],
    message: 'expected a group beside topics: whoever reads is a member of one',
  })
  .refine((value) => (value['max-batch'] ?? value['max-payload']) >= value['max-payload'], {
    path: ['max-batch'],
    message: 'expected max-batch to be max-payload at least',
  })
  .refine((value) => !value.idempotent || value.acks === 'all', {
    path: ['idempotent'],
    message: 'expected idempotent: false beside acks: leader',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-kafka',
  summary: 'Reads topics of Kafka as a member of a consumer group, and writes to a topic.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated: ({ group }, { suffix }) =>
    typeof group === 'string' ? { group: `${group}-${suffix}` } : 'it reads without a group',
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  const { topic: one, topics, group, create } = value;
  const creation = create === true ? {} : create;
  return {
    brokers: value.brokers,
    clientId: value['client-id'],
    group,
    reads: group === undefined ? [] : [...new Set(topics ?? [one ?? []].flat())],
    writes: one,
    start: value.start,
    isolation: value.isolation,
    acks: value.acks,
    isIdempotent: value.idempotent,
    compression: value.compression,
    lingerMs: value.linger,
    create:
      creation === false
        ? undefined
        : { partitions: creation.partitions ?? -1, replicas: creation.replicas ?? -1 },
    sasl: value.sasl,
    tls: value.tls === false ? undefined : value.tls === true ? {} : value.tls,
    maxPayload: value['max-payload'],
    maxBatch: value['max-batch'] ?? Math.max(MAX_BATCH, 4 * value['max-payload']),
    commitMs: value.commit,
    sessionMs: value['session-timeout'],
    answerMs: value.timeout,
  };
}
