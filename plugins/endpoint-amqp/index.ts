/** RabbitMQ over AMQP 0-9-1: reads a queue with acknowledgements, publishes with confirmations. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { value as expression } from '../../src/expression/option.ts';
import { parsing } from '../../src/options/broker-url.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import { asksOf, replyOption } from '../../src/replies/option.ts';
import {
  type Argument,
  type Binding,
  capabilitiesOf,
  type Outlet,
  type Queue,
  type Settings,
} from './settings.ts';
import { parseTarget } from './target.ts';
import { createTransport } from './transport.ts';

/** AMQP counts the bytes of a name with one byte. */
const LONGEST_NAME = 255;
const MOST_BINDINGS = 256;
/** AMQP counts a prefetch with two bytes. */
const MOST_PREFETCH = 65_535;
const MOST_ARGUMENTS = 64;

const name = z
  .string()
  .min(1, 'expected a name, found ""')
  .refine((text) => Buffer.byteLength(text) <= LONGEST_NAME, `expected at most ${LONGEST_NAME} bytes`);
const routingKey = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= LONGEST_NAME, `expected at most ${LONGEST_NAME} bytes`);
const exchangeType = z
  .string()
  .min(1)
  .meta({ examples: ['direct', 'fanout', 'topic', 'headers'] });
const argumentsOf = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .refine((map) => Object.keys(map).length <= MOST_ARGUMENTS, `expected at most ${MOST_ARGUMENTS} of them`);

const options = z
  .strictObject({
    url: z
      .string()
      .default('amqp://127.0.0.1:5672')
      .describe('amqp://user:password@host:port/vhost, or amqps:// for TLS.')
      .transform(parsing(parseTarget)),
    auth: z
      .enum(['plain', 'external'])
      .default('plain')
      .describe('How to log in: with the user and password of the url, or by the certificate of tls.'),
    queue: name.optional().describe('The queue to read. Declared durable unless declare is false.'),
    'to-queue': name
      .optional()
      .describe('The queue to publish to, through the default exchange. Declared as queue is.'),
    exchange: name
      .optional()
      .describe('The exchange to publish to. Must be there, unless exchange-type is given.'),
    'exchange-type': exchangeType
      .optional()
      .describe('Declares the exchange, durable, with this type: direct, fanout, topic or headers.'),
    'routing-key': routingKey.optional().describe('What every message is published with. Default: empty.'),
    'routing-key-from': expression()
      .optional()
      .describe('A value in CEL that gives the routing key of a message; it must match one of routing-keys.'),
    'routing-keys': z
      .array(routingKey)
      .min(1)
      .max(MOST_BINDINGS)
      .optional()
      .describe(
        'The routing keys that routing-key-from may give: * stands for a word, # for any number of them.',
      ),
    declare: z
      .boolean()
      .default(true)
      .describe(
        'Whether queues, exchanges and bindings are made if they are not there. If false, they must be there.',
      ),
    'queue-type': z
      .enum(['quorum', 'classic'])
      .default('quorum')
      .describe(
        'The type that queues are declared with: quorum queues survive the loss of a node, and count deliveries.',
      ),
    arguments: argumentsOf
      .default({})
      .describe(
        'More arguments that the queue is declared with, such as x-dead-letter-exchange or x-delivery-limit.',
      ),
    'single-active-consumer': z
      .boolean()
      .default(false)
      .describe(
        'Of all who read the queue only one gets messages, and the next when that one is gone: keeps the order.',
      ),
    bindings: z
      .array(
        z.strictObject({
          exchange: name.describe('The exchange that the queue is bound to.'),
          'exchange-type': exchangeType
            .optional()
            .describe('Declares that exchange too, durable, with this type.'),
          'routing-key': routingKey
            .optional()
            .describe('The routing key or pattern of the binding. Default: empty.'),
          headers: argumentsOf.default({}).describe('What a headers exchange compares, with x-match.'),
        }),
      )
      .max(MOST_BINDINGS)
      .default([])
      .describe('Binds the queue to exchanges. Bindings that were made before are left as they are.'),
    prefetch: z
      .int()
      .min(1)
      .max(MOST_PREFETCH)
      .optional()
      .describe('How many messages RabbitMQ hands over before they are acked. Default: max-in-flight.'),
    reply: replyOption(
      'Messages of queue that say where to answer are requests, and what a route sends back here goes there, to the ' +
        'one that it belongs to by its correlation id. true, how long that may take, or a map.',
    ),
    'reply-to': z
      .array(routingKey)
      .min(1)
      .max(MOST_BINDINGS)
      .default(['amq.#'])
      .describe(
        'The queues that may be answered to, as patterns of words between dots; those that the server has named ' +
          'unless given. A message that says another is no request.',
      ),
    mandatory: z
      .boolean()
      .default(true)
      .describe(
        'Whether a message that no queue takes is an error. If false, RabbitMQ drops it and says nothing.',
      ),
    persistent: z.boolean().default(true).describe('Whether messages survive a restart of RabbitMQ.'),
    confirms: z
      .enum(['accepted', 'durable'])
      .optional()
      .describe(
        'What a confirmation means. Default: durable for persistent messages to a quorum queue that is declared here, else accepted. State durable if every queue behind the exchange is durable.',
      ),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest payload of a message, in and out; a larger one goes to on-error.'),
    heartbeat: duration({ min: 1_000, max: 65_535_000 })
      .default(15_000)
      .describe(
        'How often both sides give a sign of life; a connection without one for two to three times that is gone.',
      ),
    tls: tlsFiles(),
  })
  .refine((value) => (value.queue ?? value['to-queue'] ?? value.exchange) !== undefined, {
    message: 'expected at least one of queue (to read), to-queue and exchange (to publish to)',
  })
  .refine((value) => value['to-queue'] === undefined || value.exchange === undefined, {
    path: ['to-queue'],
    message: 'expected either to-queue or exchange',
  })
  .refine((value) => value.queue !== undefined || value.bindings.length === 0, {
    path: ['bindings'],
    message: 'expected the queue to bind beside bindings',
  })
  .refine((value) => value.exchange !== undefined || routingOf(value).every((part) => part === undefined), {
    path: ['exchange'],
    message: 'expected an exchange beside exchange-type, routing-key, routing-key-from or routing-keys',
  })
  .refine((value) => value['routing-key'] === undefined || value['routing-key-from'] === undefined, {
    path: ['routing-key-from'],
    message: 'expected either routing-key or routing-key-from',
  })
  .refine((value) => (value['routing-key-from'] === undefined) === (value['routing-keys'] === undefined), {
    path: ['routing-keys'],
    message:
      'expected routing-key-from and routing-keys together: no address comes from a message unless it is allowed',
  })
  .refine((value) => value.reply === undefined || value.queue !== undefined, {
    path: ['reply'],
    message: 'expected the queue that requests come in by beside reply',
  })
  .refine((value) => value.reply === undefined || (value['to-queue'] ?? value.exchange) === undefined, {
    path: ['reply'],
    message: 'expected either reply, which sends where a request asks to, or to-queue and exchange',
  })
  .refine((value) => value.url.isTls || Object.keys(value.tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with amqps:// beside tls',
  })
  .refine((value) => value.auth === 'plain' || value.tls.cert !== undefined, {
    path: ['auth'],
    message: 'expected tls with cert and key beside auth: external',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-amqp',
  summary: 'Reads from queues of RabbitMQ and publishes to its exchanges, over AMQP 0-9-1.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated: ({ queue, bindings, reply }, { suffix }) => {
    if (reply !== undefined && reply !== false)
      return 'its messages are requests, which one consumer answers';
    if (Array.isArray(bindings) && bindings.length > 0) return { queue: `${String(queue)}-${suffix}` };
    return 'a message of a queue goes to one consumer; bind the queue to an exchange by bindings, and each gets a queue';
  },
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

type Options = z.output<typeof options>;

function routingOf(value: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [value['exchange-type'], value['routing-key'], value['routing-key-from'], value['routing-keys']];
}

function settingsOf(value: Options): Settings {
  const { 'to-queue': toQueue, queue } = value;
  return {
    target: value.url,
    tls: value.tls,
    isAuthExternal: value.auth === 'external',
    source: queue === undefined ? undefined : queueOf(queue, value, value.bindings.map(bindingOf)),
    outlet: outletOf(value),
    outletQueue: toQueue === undefined || toQueue === queue ? undefined : queueOf(toQueue, value, []),
    asks: value.reply && { ...asksOf(value.reply), replyTo: value['reply-to'] },
    declares: value.declare,
    prefetch: value.prefetch,
    maxPayload: value['max-payload'],
    heartbeatMs: value.heartbeat,
  };
}

function queueOf(queue: string, value: Options, bindings: readonly Binding[]): Queue {
  const isSingle = value['single-active-consumer'];
  return {
    name: queue,
    type: value['queue-type'],
    arguments: {
      'x-queue-type': value['queue-type'],
      ...(isSingle && { 'x-single-active-consumer': true }),
      ...value.arguments,
    } satisfies Record<string, Argument>,
    bindings,
  };
}

function bindingOf(binding: Options['bindings'][number]): Binding {
  return {
    exchange: binding.exchange,
    exchangeType: binding['exchange-type'],
    routingKey: binding['routing-key'] ?? '',
    headers: binding.headers,
  };
}

function outletOf(value: Options): Outlet | undefined {
  const { exchange, 'to-queue': toQueue } = value;
  if (exchange === undefined && toQueue === undefined) return undefined;
  const isOurQuorumQueue = toQueue !== undefined && value.declare && value['queue-type'] === 'quorum';
  return {
    exchange: exchange ?? '',
    exchangeType: value['exchange-type'],
    routingKey: toQueue ?? value['routing-key'] ?? '',
    routingKeyFrom: value['routing-key-from'],
    allowedKeys: value['routing-keys'] ?? [],
    isMandatory: value.mandatory,
    isPersistent: value.persistent,
    confirms: value.confirms ?? (isOurQuorumQueue && value.persistent ? 'durable' : 'accepted'),
  };
}
