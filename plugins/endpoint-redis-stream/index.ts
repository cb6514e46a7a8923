/** Redis Streams: reads with a consumer group, appends entries. At least once, as far as Redis keeps what it confirms. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { parsing } from '../../src/options/broker-url.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import type { Deployment, Node } from '../../src/redis/locate.ts';
import { parseTarget } from '../../src/redis/target.ts';
import { capabilitiesOf, type Settings } from './settings.ts';
import { createTransport } from './transport.ts';

/** Each may be asked before an endpoint opens. */
const MOST_NODES = 64;

const SENTINEL_PORT = 26_379;
const CLUSTER_PORT = 6_379;

const options = z
  .strictObject({
    url: z
      .string()
      .default('redis://127.0.0.1:6379')
      .describe(
        'redis://user:password@host:port/database, or rediss:// for TLS. With sentinels or cluster, its host and port are not used.',
      )
      .transform(parsing(parseTarget)),
    stream: z.string().min(1).describe('The key of the stream to read from and to append to.'),
    group: z
      .string()
      .min(1)
      .optional()
      .describe('The consumer group to read with, made when it is not there. Without it, it is only a sink.'),
    consumer: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The name of this consumer in the group, the same after a restart. By default the host and the name of the endpoint, with a number where another process on the host has that name already.',
      ),
    start: z
      .union([z.string().regex(/^(0|\$|\d+-\d+|\d+)$/), z.int().min(0)])
      .default('0')
      .transform(String)
      .describe(
        'Where a group that is not there yet begins: 0 for the first entry, $ for what is appended from now on, or the id of the entry after which it begins.',
      ),
    'claim-after': duration()
      .default(60_000)
      .describe(
        'Entries that another consumer of the group has had for so long without a sign of life are taken over. araldo gives a sign for what it holds three times as often.',
      ),
    fields: z
      .enum(['payload', 'object'])
      .default('payload')
      .describe(
        'payload: the field payload of an entry is the payload, its other fields are meta and headers. object: all fields of an entry are the payload, an object of text.',
      ),
    'max-length': z
      .int()
      .min(1)
      .optional()
      .describe(
        'The length that appending trims the stream to, about (MAXLEN ~), whether or not the entries were read. Not trimmed unless given.',
      ),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest payload of a message, in and out; a larger one goes to on-error.'),
    tls: tlsFiles(),
    ping: z
      .strictObject({
        every: duration().default(25_000).describe('How often Redis is asked whether it is there.'),
        timeout: duration().default(15_000).describe('How long it may take to answer.'),
      })
      .prefault({})
      .describe('How a connection that is gone without a word is noticed.'),
    sentinels: z
      .strictObject({
        name: z.string().min(1).describe('What the sentinels call the master.'),
        nodes: nodes(SENTINEL_PORT).describe('Sentinels to ask, as host:port.'),
        username: z.string().min(1).optional().describe('For the sentinels themselves.'),
        password: z.string().min(1).optional().describe('For the sentinels themselves.'),
      })
      .optional()
      .describe('Asks sentinels for the master, each time that it connects.'),
    cluster: nodes(CLUSTER_PORT)
      .optional()
      .describe('Nodes of a cluster, as host:port: it connects to the one that has the stream.'),
  })
  .refine((value) => value.group !== undefined || value.consumer === undefined, {
    path: ['consumer'],
    message: 'expected a group beside consumer',
  })
  .refine((value) => value.sentinels === undefined || value.cluster === undefined, {
    path: ['cluster'],
    message: 'expected either sentinels or cluster',
  })
  .refine((value) => value.cluster === undefined || value.url.database === 0, {
    path: ['url'],
    message: 'expected no database in the url: a cluster has one alone',
  })
  .refine((value) => value.url.isTls || Object.keys(value.tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with rediss:// beside tls',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-redis-stream',
  summary: 'Reads a Redis stream with a consumer group, and appends to it.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated: ({ group }, { suffix }) =>
    typeof group === 'string' ? { group: `${group}-${suffix}` } : 'it reads without a group',
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  const { url, stream, group, consumer, start, fields, tls, ping } = value;
  return {
    deployment: deploymentOf(value),
    tls,
    stream,
    fields,
    reads: group === undefined ? undefined : { group, consumer, start, claimAfterMs: value['claim-after'] },
    maxLength: value['max-length'],
    maxPayload: value['max-payload'],
    pingMs: ping.every,
    pongMs: ping.timeout,
  };

  function deploymentOf({ sentinels, cluster }: z.output<typeof options>): Deployment {
    const [first] = cluster ?? [];
    const address =
      sentinels === undefined
        ? first === undefined
          ? url.address
          : `redis-cluster://${first.host}:${first.port}`
        : `redis-sentinel://${sentinels.name}`;
    return {
      target: url,
      sentinels: sentinels && { ...sentinels, username: sentinels.username, password: sentinels.password },
      cluster,
      address,
    };
  }
}

function nodes(defaultPort: number): z.ZodType<readonly Node[], readonly string[]> {
  const node = z.string().transform((text, context): Node => {
    const [, name, bracketed, port = String(defaultPort)] =
      /^(?:([^\s:/@[\]]+)|\[([\da-fA-F:.]+)\])(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = name ?? bracketed;
    if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
    context.addIssue({ code: 'custom', message: `expected host:port, found ${JSON.stringify(text)}` });
    return z.NEVER;
  });
  return z.array(node).min(1).max(MOST_NODES);
}
