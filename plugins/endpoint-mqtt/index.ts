/** MQTT 5 and 3.1.1: subscribes to topics and publishes on them, acknowledging what has been carried on. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { value as expression } from '../../src/expression/option.ts';
import { parsing } from '../../src/options/broker-url.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import { topicByExpression } from './published-topic.ts';
import { capabilitiesOf, type Settings } from './settings.ts';
import { parseTarget } from './target.ts';
import { problemOfGroup, problemOfText, problemOfTopic, readFilter } from './topic.ts';
import { createTransport } from './transport.ts';

/** They go in one packet. */
const MOST_FILTERS = 1_024;

/** What MQTT has room for, in seconds; the greatest number means for ever. */
const LONGEST_SECONDS = 0xffff_fffe;

const WEEK_MS = 7 * 24 * 3_600_000;
const LONGEST_KEEP_ALIVE_MS = 65_535_000;

const filter = z.string().superRefine(saying((text) => messageOf(readFilter(text))));
const topic = z.string().superRefine(saying(problemOfTopic));
const qos = z.literal([0, 1, 2]);

const options = z
  .strictObject({
    url: z
      .string()
      .default('mqtt://127.0.0.1:1883')
      .describe('mqtt://user:password@host:port, or mqtts:// for TLS.')
      .transform(parsing(parseTarget)),
    version: z
      .literal([5, '3.1.1'])
      .default(5)
      .describe('The version of MQTT. 3.1.1 carries no headers, and no other meta than topic and retained.'),
    'client-id': z
      .string()
      .min(1, 'expected a client id, found ""')
      .superRefine(saying(problemOfText))
      .optional()
      .describe(
        'Under which the broker keeps the session: unique at the broker, and the same after a restart. araldo- and ' +
          'the name of the endpoint, unless given. Of several instances each needs its own.',
      ),
    subscribe: z
      .union([filter, z.array(filter).min(1).max(MOST_FILTERS)])
      .optional()
      .describe(
        'Topic filters to subscribe to: + stands for one level, # at the end for all that follow; ' +
          '$share/group/filter shares its messages with the other members of the group.',
      ),
    share: z
      .string()
      .superRefine(saying(problemOfGroup))
      .optional()
      .describe('The group that all of subscribe is shared in: each message comes to one member of it.'),
    retained: z
      .enum(['new', 'always', 'never'])
      .default('new')
      .describe(
        'Which retained messages a subscription brings: once when it is new to the session, each time that it ' +
          'connects, or none. MQTT 3.1.1 knows always only.',
      ),
    publish: topic.optional().describe('The topic to publish on.'),
    'topic-from': expression()
      .optional()
      .describe('The topic to publish a message on, as an expression in CEL. It must match one of topics.'),
    topics: z
      .union([filter, z.array(filter).min(1).max(MOST_FILTERS)])
      .optional()
      .describe('Filters for the topics that topic-from may give. A message for any other goes to on-error.'),
    qos: qos
      .default(1)
      .describe(
        'Of what it subscribes to and publishes. 0: at most once, and lost when it comes too fast; 1: at least once; ' +
          '2: once, as long as the connection or, for what is read, the process goes on.',
      ),
    retain: z
      .union([z.boolean(), z.literal('keep')])
      .default(false)
      .describe('Whether the broker keeps what is published for later subscribers; keep: by meta.retained.'),
    'message-expiry': duration({ min: 1_000, max: LONGEST_SECONDS * 1_000 })
      .optional()
      .describe('How long the broker keeps what is published for a subscriber that is away. MQTT 5.'),
    'session-expiry': duration({ min: 0, max: LONGEST_SECONDS * 1_000 })
      .default(WEEK_MS)
      .describe(
        'How long the broker keeps the subscription and its messages while araldo is away, under QoS 1 and 2; 0s: not ' +
          'at all. With MQTT 3.1.1 the broker decides how long.',
      ),
    will: z
      .strictObject({
        topic: topic.describe('The topic to publish on.'),
        payload: z.string().optional().describe('What to publish, as text; nothing unless given.'),
        qos: qos.default(1).describe('The QoS of the will.'),
        retain: z.boolean().default(false).describe('Whether the broker keeps it for later subscribers.'),
        delay: duration({ min: 0, max: LONGEST_SECONDS * 1_000 })
          .default(0)
          .describe('How long the broker waits for us to come back. MQTT 5.'),
      })
      .optional()
      .describe('What the broker publishes when the connection is lost, and not when araldo stops.'),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest payload of a message, in and out; a larger one goes to on-error.'),
    tls: tlsFiles(),
    'keep-alive': duration({ min: 1_000, max: LONGEST_KEEP_ALIVE_MS })
      .default(60_000)
      .describe('After one and a half times of it without a word from us, the broker ends the connection.'),
    ping: z
      .strictObject({
        every: duration().default(25_000).describe('How often the broker is asked whether it is there.'),
        timeout: duration().default(15_000).describe('How long it may take to answer.'),
      })
      .prefault({})
      .describe('How a connection that is gone without a word is noticed.'),
  })
  .refine((value) => (value.subscribe ?? value.publish ?? value['topic-from']) !== undefined, {
    message: 'expected at least one of subscribe, publish and topic-from',
  })
  .refine((value) => value.publish === undefined || value['topic-from'] === undefined, {
    path: ['topic-from'],
    message: 'expected either publish, which is one topic, or topic-from',
  })
  .refine((value) => (value['topic-from'] === undefined) === (value.topics === undefined), {
    path: ['topics'],
    message: 'expected topic-from and topics together',
  })
  .refine((value) => value.share === undefined || value.subscribe !== undefined, {
    path: ['share'],
    message: 'expected subscribe beside share',
  })
  .refine((value) => value.version === 5 || value.retained !== 'never', {
    path: ['retained'],
    message: 'expected new or always with version: 3.1.1, which always brings them',
  })
  .refine((value) => value.version === 5 || value['message-expiry'] === undefined, {
    path: ['message-expiry'],
    message: 'expected version: 5 beside message-expiry',
  })
  .refine((value) => value.ping.every <= value['keep-alive'], {
    path: ['ping', 'every'],
    message: 'expected ping.every to be at most keep-alive',
  })
  .refine((value) => value.url.isTls || Object.keys(value.tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with mqtts:// beside tls',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-mqtt',
  summary: 'Subscribes to and publishes on topics of an MQTT broker.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated({ 'client-id': clientId, share, subscribe }, { endpoint, suffix }) {
    const shared = [subscribe].flat().find((one) => typeof one === 'string' && one.startsWith('$share/'));
    if (typeof shared === 'string') {
      return `all consumers of ${shared} would share its messages; write the group as share: beside subscribe, and each gets one`;
    }
    return {
      'client-id': `${typeof clientId === 'string' ? clientId : `araldo-${endpoint}`}-${suffix}`,
      ...(typeof share === 'string' && { share: `${share}-${suffix}` }),
    };
  },
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  const { url, version, subscribe, share, retained, publish, topics, retain, will, tls, ping } = value;
  const written = [...new Set([subscribe ?? []].flat())];
  const byExpression = value['topic-from'];
  const allowed = [topics ?? []].flat();
  const expiryMs = value['message-expiry'];
  return {
    target: url,
    tls,
    version,
    clientId: value['client-id'],
    subscriptions:
      written.length === 0
        ? undefined
        : { filters: written.map((text) => readFilter(text, share)).filter(isFilter), retained },
    publications:
      publish === undefined && byExpression === undefined
        ? undefined
        : {
            topicOf:
              byExpression === undefined ? () => publish ?? '' : topicByExpression(byExpression, allowed),
            topics: publish === undefined ? allowed : [publish],
            retain,
            expiry: expiryMs === undefined ? undefined : Math.ceil(expiryMs / 1_000),
          },
    qos: value.qos,
    sessionExpiryMs: value['session-expiry'],
    will:
      will === undefined
        ? undefined
        : {
            topic: will.topic,
            payload: will.payload ?? '',
            qos: will.qos,
            retain: will.retain,
            delayMs: will.delay,
          },
    maxPayload: value['max-payload'],
    keepAliveMs: value['keep-alive'],
    pingMs: ping.every,
    pongMs: ping.timeout,
  };
}

/** A refinement of what says what is wrong, or nothing. */
function saying(problemOf: (text: string) => string | undefined) {
  return (text: string, context: z.RefinementCtx): void => {
    const problem = problemOf(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  };
}

function messageOf(read: ReturnType<typeof readFilter>): string | undefined {
  return typeof read === 'string' ? read : undefined;
}

/** The schema has refused what is none. */
function isFilter(read: ReturnType<typeof readFilter>): read is Exclude<typeof read, string> {
  return typeof read !== 'string';
}
