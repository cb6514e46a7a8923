/** NATS JetStream: reads a stream through a durable consumer, and publishes into streams. At least once. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { value } from '../../src/expression/option.ts';
import { addressFields, addressOf, allAddresses, checkAddress } from '../../src/nats/address.ts';
import { checkConnection, connectionFields, connectionOf } from '../../src/nats/options.ts';
import { subjectPattern } from '../../src/nats/subject.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { type CreateSettings, capabilitiesOf, type Settings } from './settings.ts';
import { createTransport } from './transport.ts';

const MOST_SUBJECTS = 1_024;

/** A century: what a stream may keep has no timer. */
const LONGEST_AGE_MS = 36_500 * 86_400_000;

const name = (what: string): z.ZodString =>
  z.string().regex(/^[^\s.*>/\\]{1,255}$/, `expected the name of a ${what}: no blank and none of . * > / \\`);

const subjects = z.array(subjectPattern()).min(1).max(MOST_SUBJECTS);

const create = z
  .strictObject({
    subjects: subjects.describe('The subjects that the stream takes.'),
    storage: z.enum(['file', 'memory']).default('file').describe('Where the server keeps it.'),
    retention: z
      .enum(['limits', 'interest', 'workqueue'])
      .default('limits')
      .describe(
        'What it keeps: all up to its limits, what a consumer has not acked, or that for one consumer.',
      ),
    replicas: z.int().min(1).max(5).default(1).describe('On how many servers of a cluster it is kept.'),
    'max-age': duration({ max: LONGEST_AGE_MS }).optional().describe('How long it keeps a message.'),
    'max-bytes': size().optional().describe('How much it keeps.'),
    'max-messages': z.int().min(1).optional().describe('How many messages it keeps.'),
    'duplicate-window': duration({ max: LONGEST_AGE_MS })
      .default(120_000)
      .describe('How long it remembers the ids of messages, to take none twice.'),
  })
  .optional()
  .describe('Makes the stream when it is missing. Without it a missing stream is an error.');

const options = z
  .strictObject({
    ...connectionFields,
    domain: name('domain').optional().describe('The JetStream domain, where the servers have one.'),
    stream: name('stream')
      .optional()
      .describe('The stream to read, and the one that what is published must reach.'),
    durable: name('consumer')
      .optional()
      .describe(
        'The durable consumer to read through; made when it is missing. Instances with the same share.',
      ),
    filter: z
      .union([subjectPattern(), subjects])
      .optional()
      .describe('The subjects of the stream to read; all unless given. A list needs a server from 2.10 on.'),
    deliver: z
      .enum(['all', 'new', 'last'])
      .default('all')
      .describe(
        'Where a new consumer begins: with all that the stream has, what is new, or the last message.',
      ),
    'ack-wait': duration({ min: 1_000 })
      .default(30_000)
      .describe(
        'After how long a new consumer delivers again what a lost instance held. What we hold is extended.',
      ),
    create,
    ...addressFields,
    'subject-from': value()
      .optional()
      .describe('The subject to publish on, in CEL: "\\"orders.\\" + payload.region". Needs subjects.'),
    deduplicate: z
      .boolean()
      .default(true)
      .describe(
        'Publishes each message under its id, so that the stream takes none twice within its window.',
      ),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest payload of a message, in and out; a larger one goes to on-error.'),
  })
  .superRefine(checkConnection)
  .superRefine(checkAddress)
  .refine((given) => (given.durable ?? given.publish ?? given['subject-from']) !== undefined, {
    message: 'expected at least one of durable, to read, and publish or subject-from, to write',
  })
  .refine((given) => given.stream !== undefined || given.durable === undefined, {
    path: ['stream'],
    message: 'expected stream beside durable',
  })
  .refine((given) => given.stream !== undefined || given.create === undefined, {
    path: ['stream'],
    message: 'expected stream beside create',
  })
  .refine((given) => given.durable !== undefined || given.filter === undefined, {
    path: ['filter'],
    message: 'expected durable beside filter',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-jetstream',
  summary: 'Reads streams of NATS JetStream through durable consumers, and publishes into them.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated: ({ durable }, { suffix }) =>
    typeof durable === 'string' ? { durable: `${durable}-${suffix}` } : 'it reads without a durable consumer',
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  const { domain, stream, durable, filter = [], deliver, create: given } = value;
  return {
    connection: connectionOf(value),
    prefix: domain === undefined ? '$JS.API' : `$JS.${domain}.API`,
    domain,
    stream,
    durable,
    filter: [filter].flat(),
    deliver,
    ackWaitMs: value['ack-wait'],
    create: given === undefined ? undefined : createOf(given),
    address: addressOf(value),
    addresses: allAddresses(value),
    isFixed: value.publish !== undefined,
    deduplicates: value.deduplicate,
    maxPayload: value['max-payload'],
  };
}

function createOf(value: NonNullable<z.output<typeof create>>): CreateSettings {
  const { subjects, storage, retention, replicas } = value;
  return {
    subjects,
    storage,
    retention,
    replicas,
    maxAgeMs: value['max-age'],
    maxBytes: value['max-bytes'],
    maxMessages: value['max-messages'],
    duplicateWindowMs: value['duplicate-window'],
  };
}
