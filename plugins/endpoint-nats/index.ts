/** Core NATS: subscribes to subjects, alone or in a queue group, publishes, and answers requests. At most once. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { value } from '../../src/expression/option.ts';
import { addressFields, addressOf, allAddresses, checkAddress } from '../../src/nats/address.ts';
import { checkConnection, connectionFields, connectionOf } from '../../src/nats/options.ts';
import { subjectPattern } from '../../src/nats/subject.ts';
import { size } from '../../src/options/size.ts';
import { asksOf, replyOption } from '../../src/replies/option.ts';
import { capabilitiesOf, type Settings } from './settings.ts';
import { createTransport } from './transport.ts';

/** Each is a lane of its own: the bound of the lanes. */
const MOST_SUBSCRIPTIONS = 1_024;

const options = z
  .strictObject({
    ...connectionFields,
    subscribe: z
      .union([subjectPattern(), z.array(subjectPattern()).min(1).max(MOST_SUBSCRIPTIONS)])
      .optional()
      .describe('The subjects to subscribe to: * is any one token, a last > one or more.'),
    queue: z
      .string()
      .regex(/^\S{1,256}$/, 'expected the name of a queue group, without blanks')
      .optional()
      .describe('The queue group: of all its members one gets a message. Without it each gets a copy.'),
    ...addressFields,
    'subject-from': value()
      .optional()
      .describe('The subject to publish on, in CEL: "\\"orders.\\" + payload.region". Needs subjects.'),
    reply: replyOption(
      'Beside subscribe: messages are requests, and what a route sends back here answers the one that it belongs to, ' +
        'by its correlation id. true, how long that may take, or a map. Without subscribe: a message goes to the ' +
        'inbox that its meta.replyTo names.',
    ),
    'reply-to': z
      .array(subjectPattern())
      .min(1)
      .max(MOST_SUBSCRIPTIONS)
      .default(['_INBOX.>'])
      .describe('The addresses of messages that may be answered to; others are not used.'),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest payload of a message, in and out; a larger one goes to on-error.'),
  })
  .superRefine(checkConnection)
  .superRefine(checkAddress)
  .refine(
    (given) =>
      (given.subscribe ?? given.publish ?? given['subject-from']) !== undefined || given.reply !== undefined,
    { message: 'expected at least one of subscribe, publish, subject-from and reply' },
  )
  .refine((given) => given.reply === undefined || (given.publish ?? given['subject-from']) === undefined, {
    path: ['reply'],
    message: 'expected either reply, which sends where a message asks to, or publish and subject-from',
  })
  .refine((given) => given.queue === undefined || given.subscribe !== undefined, {
    path: ['queue'],
    message: 'expected subscribe beside queue',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-nats',
  summary: 'Subscribes to and publishes on subjects of NATS, and answers requests.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated: ({ queue, reply }, { suffix }) => {
    if (reply !== undefined && reply !== false)
      return 'its messages are requests, which one consumer answers';
    return typeof queue === 'string' ? { queue: `${queue}-${suffix}` } : {};
  },
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  return {
    connection: connectionOf(value),
    subscriptions: [...new Set([value.subscribe ?? []].flat())],
    queue: value.queue,
    address: addressOf(value),
    addresses: allAddresses(value),
    replies: value.reply !== undefined,
    asks: value.reply === undefined || value.subscribe === undefined ? undefined : asksOf(value.reply),
    replyTo: value['reply-to'],
    maxPayload: value['max-payload'],
  };
}
