/** A WebSocket server on a path of the server's port: browsers and programs connect, each a peer. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { httpHost } from '../../src/http/host.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { asksOf, REPLY_TIMEOUT_MS, type ReplyLimits, replyOption } from '../../src/replies/option.ts';
import { type Reach, reaches } from './audience.ts';
import { peerOverflows } from './broadcast.ts';
import { createListener } from './listener.ts';

const peer = z
  .strictObject({
    overflow: z.enum(peerOverflows).default('disconnect').describe('What a full buffer of a peer does.'),
    buffer: size()
      .default(1024 * 1024)
      .describe('How much may wait for one peer.'),
    patience: duration()
      .default(200)
      .describe('How long full peers, all together, may hold a route in any ten seconds.'),
  })
  .prefault({})
  .describe('The buffer of each peer, and what it does when it is full.');

const options = z
  .strictObject({
    path: z
      .string()
      .startsWith('/', 'expected a path that begins with /')
      .default('/ws')
      .describe('A URLPattern; its parameters become meta.params, and rooms.'),
    origins: z
      .array(z.string())
      .optional()
      .describe('Origins of pages that may connect besides those of the same host; "*" admits all.'),
    hosts: z.array(z.string()).default([]).describe('Host names to admit on this path besides loopback.'),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest message a peer may send; a larger one closes it with 1009.'),
    ping: z
      .strictObject({
        every: duration().default(25_000).describe('How long a peer is left alone before it is pinged.'),
        timeout: duration().default(15_000).describe('How long it may take to answer.'),
      })
      .prefault({})
      .describe('How peers that are gone without a word are noticed.'),
    frames: z
      .enum(['auto', 'text', 'binary'])
      .default('auto')
      .describe(
        'auto: text stays text, binary stays binary; bytes of unknown kind are text when valid UTF-8.',
      ),
    peer,
    'all-buffers': size()
      .default(256 * 1024 * 1024)
      .describe('How much may wait for all peers together; then the one that lags most is disconnected.'),
    reach: z
      .enum(reaches)
      .optional()
      .describe('Whom a message reaches. Unset: room where the path has parameters, else all.'),
    reply: replyOption(
      'Messages of peers are requests, and what a route sends back here goes to the peer that asked and to no other, by ' +
        'its correlation id. true, how long that may take, or a map.',
    ),
    echo: z.boolean().default(false).describe('Whether a message is also sent to the peer it came from.'),
    'when-empty': z
      .enum(['discard', 'hold'])
      .default('discard')
      .describe('What becomes of a message when no peer is connected.'),
  })
  .refine((value) => value['when-empty'] === 'discard' || reachOf(value) === 'all', {
    path: ['when-empty'],
    message: 'hold needs reach: all; a room or a peer that is not there may never come',
  })
  .refine(({ reply, reach = 'peer' }) => reply === undefined || reach === 'peer', {
    path: ['reach'],
    message: 'expected no reach beside reply: an answer reaches the peer that asked',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-websocket',
  summary: 'Serves WebSocket peers on a path of the server.',
  options,
  capabilities: ({ path, reply, 'max-payload': maxPayload, 'all-buffers': peerBytes }) => ({
    source: {
      canPause: true,
      acks: false,
      redelivers: false,
      ordered: 'lane',
      scope: 'local',
      carries: 'bytes',
      refusesAbove: maxPayload,
      ...(reply !== undefined && {
        asks: { timeoutMs: reply.timeoutMs ?? REPLY_TIMEOUT_MS, max: reply.max },
      }),
    },
    sink: { confirms: 'flushed', reaches: 'peers', carries: 'bytes', peerBytes },
    listensOn: [path],
  }),
  create: (value, context) =>
    context.connect((port) =>
      createListener(
        {
          path: value.path,
          origins: value.origins,
          hosts: value.hosts,
          maxPayload: value['max-payload'],
          pingMs: value.ping.every,
          pongMs: value.ping.timeout,
          frames: value.frames,
          peer: {
            overflow: value.peer.overflow,
            buffer: value.peer.buffer,
            patienceMs: value.peer.patience,
          },
          allBuffers: value['all-buffers'],
          reach: reachOf(value),
          asks: value.reply && asksOf(value.reply),
          echo: value.echo,
          holdsWhenEmpty: value['when-empty'] === 'hold',
        },
        { ...context, http: context.service(httpHost) },
        port,
      ),
    ),
});

export default plugin;

function reachOf(value: { path: string; reach?: Reach | undefined; reply?: ReplyLimits | undefined }): Reach {
  if (value.reply !== undefined) return 'peer';
  return value.reach ?? (/[:*{(]/.test(value.path) ? 'room' : 'all');
}
