/** Redis Pub/Sub: subscribes to channels and patterns, publishes on a channel. At most once, as Redis has it. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { parsing } from '../../src/options/broker-url.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import { parseTarget } from '../../src/redis/target.ts';
import { isPattern } from './pattern.ts';
import { capabilitiesOf, type Settings } from './settings.ts';
import { createTransport } from './transport.ts';

/** Each is a lane of its own: the bound of the lanes. */
const MOST_SUBSCRIPTIONS = 1_024;

const channel = z.string().min(1, 'expected the name of a channel, found ""');

const options = z
  .strictObject({
    url: z
      .string()
      .default('redis://127.0.0.1:6379')
      .describe('redis://user:password@host:port, or rediss:// for TLS.')
      .transform(parsing(parseTarget)),
    channel: channel.optional().describe('The channel to subscribe to and to publish on.'),
    subscribe: z
      .union([channel, z.array(channel).min(1).max(MOST_SUBSCRIPTIONS)])
      .optional()
      .describe(
        'Channels to subscribe to. One with *, ? or [ is a pattern; after a \\ they mean themselves.',
      ),
    publish: channel.optional().describe('The channel to publish on.'),
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
  })
  .refine((value) => (value.channel ?? value.subscribe ?? value.publish) !== undefined, {
    message: 'expected at least one of channel, subscribe and publish',
  })
  .refine((value) => value.channel === undefined || value.subscribe === undefined, {
    path: ['subscribe'],
    message: 'expected either channel, which is both ways, or subscribe and publish',
  })
  .refine((value) => value.channel === undefined || value.publish === undefined, {
    path: ['publish'],
    message: 'expected either channel, which is both ways, or subscribe and publish',
  })
  .refine((value) => value.url.isTls || Object.keys(value.tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with rediss:// beside tls',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-redis',
  summary: 'Subscribes to and publishes on channels of Redis Pub/Sub.',
  options,
  capabilities: (value) => capabilitiesOf(settingsOf(value)),
  isolated: () => ({}),
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  const { url, channel, subscribe = channel ?? [], publish = channel, tls, ping } = value;
  const names = [...new Set([subscribe].flat())];
  return {
    target: url,
    tls,
    // `channel` may look like a pattern: to publish on it, it must be a channel.
    subscriptions:
      channel === undefined
        ? { channels: names.filter((name) => !isPattern(name)), patterns: names.filter(isPattern) }
        : { channels: [channel], patterns: [] },
    publishes: publish,
    maxPayload: value['max-payload'],
    pingMs: ping.every,
    pongMs: ping.timeout,
  };
}
