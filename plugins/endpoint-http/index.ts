/** HTTP both ways: requests on a path of the server come in as messages, and messages go out as requests to a URL. */
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
import { type Asks, asksOf, replyOption } from '../../src/replies/option.ts';
import { headerFilter, isForwardable, isSettable, namePattern, ordinaryHeaders } from './headers.ts';
import { createTransport, type Settings } from './transport.ts';

const KIB = 1024;

const options = z
  .strictObject({
    path: z
      .string()
      .startsWith('/', 'expected a path that begins with /')
      .optional()
      .describe(
        'Where it takes POST and PUT: a URLPattern; its parameters become meta.params. Makes it a source.',
      ),
    ack: z
      .enum(['accepted', 'delivered'])
      .default('accepted')
      .describe(
        'accepted: 202 as soon as a route has the message. delivered: 200 when the sinks have it, 202 when it was discarded on purpose, 503 when it should be sent again, 422 or 502 when it has failed for good.',
      ),
    reply: replyOption(
      'A request waits for the message that a route sends back to this endpoint under its correlation id, and gets ' +
        'its payload. true: as long as timeout says; or how long, or a map.',
    ),
    'accept-headers': z
      .array(z.string().regex(namePattern, 'expected the name of a header, or x-*'))
      .default([])
      .describe(
        'Request headers that become meta.headers, such as x-tenant or x-*. Credentials only by their full name.',
      ),
    'content-types': z
      .array(
        z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'expected a media type such as application/json or text/*'),
      )
      .min(1)
      .optional()
      .describe('Media types to take; others are refused with 415. Any unless given.'),
    origins: z
      .array(z.string())
      .optional()
      .describe('Origins of pages that may send here besides those of the same host; "*" admits all.'),
    'max-payload': size()
      .default(KIB * KIB)
      .describe('The largest message to take; a larger one is refused with 413 before it is read.'),
    'max-body': size()
      .default(16 * KIB * KIB)
      .describe('The largest body of many messages (application/x-ndjson, one on each line).'),
    'max-messages': z.int().min(1).default(1024).describe('The most messages in one body.'),
    'all-bodies': size()
      .default(64 * KIB * KIB)
      .describe(
        'The most bytes of bodies that are being read or wait; beyond, requests are refused with 503.',
      ),
    'max-requests': z
      .int()
      .min(1)
      .default(1024)
      .describe('The most requests under way; beyond, they are refused with 503.'),
    patience: duration({ min: 0 })
      .default(1000)
      .describe('How long a request waits while the routes take nothing; then it is refused with 503.'),
    url: httpUrl()
      .optional()
      .describe(
        'Where messages are sent to. User and password become basic authentication. Makes it a sink.',
      ),
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST').describe('The method of the requests to url.'),
    headers: z
      .record(
        z.string().refine(isSettable, 'expected the name of a header that HTTP does not write itself'),
        z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected the value of an HTTP header, on one line'),
      )
      .default({})
      .describe(
        'Headers of every request to url, such as authorization; they win over those of the message.',
      ),
    'forward-headers': z
      .array(
        z
          .string()
          .regex(namePattern, 'expected the name of a header, or x-*')
          .refine(isForwardable, 'expected the name of a header that HTTP does not write itself'),
      )
      .optional()
      .describe(
        'Headers of messages that go out to url, such as x-tenant or x-*; [] is none. Unset: all but credentials and what proxies act on.',
      ),
    concurrency: z
      .int()
      .min(1)
      .max(1024)
      .default(8)
      .describe(
        'The most requests to url at a time. Messages of one key keep their order; 1 keeps that of all.',
      ),
    tries: z
      .int()
      .min(1)
      .default(5)
      .describe('How often url may answer a message with 500 before it counts as failed.'),
    timeout: duration()
      .default(30_000)
      .describe(
        'How long url may take to answer; and how long a request on path waits for its settlement or reply.',
      ),
    tls: tlsFiles(),
  })
  .refine(({ path, url }) => (path === undefined) !== (url === undefined), {
    message: 'expected a path to listen on, or a url to send to; for both, declare two endpoints',
  })
  .refine(({ reply, path }) => reply === undefined || path !== undefined, {
    path: ['reply'],
    message: 'expected a path beside reply: what is sent to this endpoint is the answer',
  })
  .refine(({ url, tls }) => url?.protocol === 'https:' || Object.keys(tls).length === 0, {
    path: ['tls'],
    message: 'expected a url that begins with https:// beside tls',
  });

type Options = z.output<typeof options>;

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-http',
  summary: 'Takes POST requests on a path of the server, and sends messages as requests to a URL.',
  options,
  capabilities: capabilitiesOf,
  create: (value, context) =>
    context.connect((port) =>
      createTransport(settingsOf(value), context, port, () => context.service(httpHost)),
    ),
});

export default plugin;

function capabilitiesOf(value: Options): Capabilities {
  const { path, url, ack, concurrency } = value;
  const asks = requestsOf(value);
  return {
    ...(path !== undefined && {
      source: {
        canPause: true,
        acks: ack === 'delivered' && asks === undefined,
        redelivers: false,
        // Who waits for an answer is told, and sends it again or does not.
        ...((asks !== undefined || ack === 'delivered') && { returnsNacks: true }),
        ordered: 'lane',
        scope: 'local',
        carries: 'bytes',
        refusesAbove: value['max-payload'],
        ...(asks !== undefined && { asks: { timeoutMs: asks.timeoutMs, max: asks.max } }),
      },
      listensOn: [path],
    }),
    ...(asks !== undefined && { sink: { confirms: 'flushed', reaches: 'peers', carries: 'bytes' } }),
    ...(url !== undefined && {
      sink: {
        confirms: 'accepted',
        reaches: 'system',
        carries: 'bytes',
        pipelines: concurrency > 1,
        ordered: concurrency > 1 ? 'key' : 'all',
      },
      writesTo: [printableUrl(url)],
    }),
  };
}

function requestsOf({ reply, timeout }: Options): Asks | undefined {
  return reply && asksOf(reply, timeout);
}

function settingsOf(value: Options): Settings {
  const { path, url, ack, origins, timeout, headers, method, concurrency, tries, tls } = value;
  const { 'forward-headers': forwarded } = value;
  return {
    listener:
      path === undefined
        ? undefined
        : {
            path,
            origins,
            acceptHeaders: value['accept-headers'],
            contentTypes: value['content-types'],
            maxPayload: value['max-payload'],
            maxBody: value['max-body'],
            allBodies: value['all-bodies'],
            maxMessages: value['max-messages'],
            maxRequests: value['max-requests'],
            patienceMs: value.patience,
            timeoutMs: timeout,
            awaits: ack === 'delivered' ? 'settlement' : 'nothing',
            asks: requestsOf(value),
          },
    sender: url && {
      url: withoutCredentials(url),
      headers: { ...basicAuthentication(url), ...headers },
      isForwarded: forwarded === undefined ? ordinaryHeaders : headerFilter(forwarded),
      method,
      timeoutMs: timeout,
      concurrency,
      tries,
      tls,
    },
  };
}
