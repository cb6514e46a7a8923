/** A WebSocket to another server: what it sends comes in, and what is sent to this endpoint goes there. */
import { z } from 'zod';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import { createTransport, type Settings } from './transport.ts';
import { frameKinds } from './writer.ts';

/** What HTTP allows as the name of a header, and WebSocket as that of a subprotocol. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Written by the handshake itself. */
const reserved = /^(sec-websocket-.*|connection|upgrade|host|content-length|transfer-encoding)$/i;

const options = z
  .strictObject({
    url: z
      .string()
      .describe('ws://host:port/path, or wss:// for TLS.')
      .refine(isWebSocketUrl, 'expected a URL such as ws://host/path or wss://host/path, without a #')
      .transform((text) => new URL(text)),
    headers: z
      .record(
        z
          .string()
          .regex(token, 'expected the name of an HTTP header')
          .refine(
            (name) => !reserved.test(name),
            'expected a header that the handshake does not write itself',
          ),
        z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected the value of an HTTP header, on one line'),
      )
      .default({})
      .describe('HTTP headers of the handshake, such as authorization.'),
    subprotocols: z
      .array(z.string().regex(token, 'expected the name of a subprotocol'))
      .refine((names) => new Set(names).size === names.length, 'expected each subprotocol once')
      .default([])
      .describe('Subprotocols to offer, the one we like best first.'),
    'max-payload': size()
      .default(1024 * 1024)
      .describe('The largest message to take; a larger one ends the connection.'),
    frames: z
      .enum(frameKinds)
      .default('auto')
      .describe(
        'auto: text stays text, binary stays binary; bytes of unknown kind are text when valid UTF-8.',
      ),
    ping: z
      .strictObject({
        every: duration().default(25_000).describe('How often the server is pinged.'),
        timeout: duration().default(15_000).describe('How long it may take to answer.'),
      })
      .prefault({})
      .describe('How a connection that is gone without a word is noticed.'),
    tls: tlsFiles(),
  })
  .refine((value) => value.url.protocol === 'wss:' || Object.keys(value.tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with wss:// beside tls',
  });

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-websocket-client',
  summary: 'Connects to a WebSocket server as a client.',
  options,
  capabilities: ({ 'max-payload': refusesAbove }) => ({
    source: {
      canPause: true,
      acks: false,
      redelivers: false,
      ordered: 'all',
      scope: 'local',
      carries: 'bytes',
      refusesAbove,
    },
    sink: { confirms: 'flushed', reaches: 'system', carries: 'bytes' },
  }),
  create: (value, context) => context.connect((port) => createTransport(port, settingsOf(value), context)),
});

export default plugin;

function settingsOf(value: z.output<typeof options>): Settings {
  const { url, headers, subprotocols, frames, ping, tls } = value;
  return {
    url,
    headers,
    subprotocols,
    frames,
    tls,
    maxPayload: value['max-payload'],
    pingMs: ping.every,
    pongMs: ping.timeout,
  };
}

function isWebSocketUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hash } = new URL(text);
  return (protocol === 'ws:' || protocol === 'wss:') && hash === '';
}
