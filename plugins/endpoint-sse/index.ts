/** Server-sent events: served to browsers on a path of the server, or read from another server. */
import { z } from 'zod';
import type { Capabilities } from '../../src/core/endpoint.ts';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import { httpHost } from '../../src/http/host.ts';
import { duration } from '../../src/options/duration.ts';
import {
  basicAuthentication,
  httpUrl,
  printableUrl,
  withoutCredentials,
} from '../../src/options/http-url.ts';
import { size } from '../../src/options/size.ts';
import { tlsFiles } from '../../src/options/tls.ts';
import { createClient } from './client.ts';
import { peerOverflows } from './peer.ts';
import { createServer } from './server.ts';

const MIB = 1024 * 1024;

/** What a line of an event can carry. */
const eventType = z.string().regex(/^[^\r\n\0]+$/, 'expected the type of an event, on one line');

const options = z
  .strictObject({
    path: z
      .string()
      .startsWith('/', 'expected a path that begins with /')
      .optional()
      .describe('Where peers get the stream: a URLPattern; its parameters are rooms. Makes it a sink.'),
    origins: z
      .array(z.string())
      .optional()
      .describe('Origins of pages that may listen besides those of the same host; "*" admits all.'),
    reach: z
      .enum(['all', 'room'])
      .optional()
      .describe('Whom a message reaches. Unset: room where the path has parameters, else all.'),
    event: eventType.optional().describe('The type of every event; browsers call it message unless given.'),
    retry: duration().default(3000).describe('How long a browser waits before it connects again.'),
    'keep-alive': duration()
      .default(15_000)
      .describe('How often a comment is sent, so that no proxy takes the stream for dead.'),
    history: z
      .strictObject({
        messages: z.int().min(0).default(1024).describe('The most events.'),
        bytes: size({ min: 0 })
          .default(16 * MIB)
          .describe('The most bytes of events.'),
      })
      .prefault({})
      .describe('The events that a peer gets when it comes back and says which one it saw last.'),
    peer: z
      .strictObject({
        overflow: z.enum(peerOverflows).default('disconnect').describe('What a full buffer of a peer does.'),
        buffer: size().default(MIB).describe('How much may wait for one peer.'),
      })
      .prefault({})
      .describe('The buffer of each peer, and what it does when it is full.'),
    'all-buffers': size()
      .default(256 * MIB)
      .describe('How much may wait for all peers together; then the one that lags most is disconnected.'),
    url: httpUrl()
      .optional()
      .describe(
        'A stream of another server. User and password become basic authentication. Makes it a source.',
      ),
    headers: z
      .record(
        z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'expected the name of an HTTP header'),
        z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected the value of an HTTP header, on one line'),
      )
      .default({})
      .describe('Headers of the request to url, such as authorization.'),
    events: z
      .array(eventType)
      .min(1)
      .optional()
      .describe('Types of events to take from url, such as message; all unless given.'),
    'max-payload': size()
      .default(MIB)
      .describe('The largest event to take from url; a larger one ends the connection.'),
    idle: duration()
      .optional()
      .describe(
        'How long url may send nothing, not even a comment; then it is asked again. For ever unless given.',
      ),
    tls: tlsFiles(),
  })
  .refine(({ path, url }) => (path === undefined) !== (url === undefined), {
    message: 'expected a path to serve, or a url to read; for both, declare two endpoints',
  })
  .refine(({ url, tls }) => url?.protocol === 'https:' || Object.keys(tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with https:// beside tls',
  });

type Options = z.output<typeof options>;

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-sse',
  summary: 'Serves events to browsers on a path of the server, or reads those of another server.',
  options,
  capabilities: capabilitiesOf,
  create: (value, context) =>
    context.connect((port) => {
      const { name, scheduler, instance } = context;
      const { path, url, headers, origins, event, events, retry, history, peer, tls, idle } = value;
      if (url !== undefined) {
        return createClient(
          {
            name,
            url: withoutCredentials(url),
            headers: { ...basicAuthentication(url), ...headers },
            tls,
            events,
            maxPayload: value['max-payload'],
            idleMs: idle,
          },
          scheduler,
          port,
        );
      }
      const served = path ?? '/';
      return createServer(
        {
          path: served,
          origins,
          reach: value.reach ?? (/[:*{(]/.test(served) ? 'room' : 'all'),
          event,
          retryMs: retry,
          keepAliveMs: value['keep-alive'],
          history,
          peer,
          allBuffers: value['all-buffers'],
        },
        { instance, scheduler, http: context.service(httpHost) },
      );
    }),
});

export default plugin;

function capabilitiesOf(value: Options): Capabilities {
  const { path, url } = value;
  if (url !== undefined) {
    return {
      source: {
        canPause: true,
        acks: false,
        redelivers: false,
        ordered: 'all',
        scope: 'copy',
        carries: 'bytes',
        refusesAbove: value['max-payload'],
      },
      readsFrom: [printableUrl(url)],
    };
  }
  return {
    sink: { confirms: 'flushed', reaches: 'peers', carries: 'bytes', peerBytes: value['all-buffers'] },
    ...(path !== undefined && { listensOn: [path] }),
  };
}
