import { describe, expect, it } from 'vitest';
import { linesOf, wireOf } from '../../../plugins/endpoint-http/body.ts';
import { retryAfterOf } from '../../../plugins/endpoint-http/client.ts';
import {
  headerFilter,
  headersOf,
  metaOf,
  type Outgoing,
  ordinaryHeaders,
} from '../../../plugins/endpoint-http/headers.ts';
import { plugin } from '../../../plugins/endpoint-http/index.ts';
import { createTurnstile } from '../../../plugins/endpoint-http/turnstile.ts';
import type { Lane } from '../../../src/core/lane.ts';
import { Message } from '../../../src/core/message.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';

function parse(options: object): { value?: unknown; issues?: readonly { message: string }[] } {
  return plugin.options['~standard'].validate(options) as never;
}

function capabilities(options: object): ReturnType<typeof plugin.capabilities> {
  return plugin.capabilities(parse(options).value);
}

describe('the options of endpoint-http', () => {
  it.each([
    [{}, 'expected a path to listen on, or a url to send to'],
    [{ path: '/in', url: 'http://a/' }, 'for both, declare two endpoints'],
    [{ path: 'in' }, 'expected a path that begins with /'],
    [{ url: 'ftp://a/' }, 'expected a URL such as https://host/path'],
    [{ url: 'http://a/#b' }, 'without a #'],
    [{ url: 'http://a/', reply: true }, 'expected a path beside reply'],
    [{ url: 'http://a/', tls: { ca: 'ca.pem' } }, 'begins with https://'],
    [{ url: 'http://a/', headers: { 'Content-Length': '1' } }, 'Invalid key in record'],
    [{ url: 'http://a/', headers: { a: 'b\r\nc: d' } }, 'on one line'],
    [{ url: 'http://a/', 'forward-headers': ['Host'] }, 'that HTTP does not write itself'],
    [{ url: 'http://a/', 'forward-headers': ['a b'] }, 'expected the name of a header, or x-*'],
    [{ path: '/in', 'content-types': ['json'] }, 'expected a media type'],
  ])('refuse %j', (options, reason) => {
    expect(
      parse(options)
        .issues?.map(({ message }) => message)
        .join(),
    ).toContain(reason);
  });

  it('tell what it can do', () => {
    expect(capabilities({ path: '/in' })).toMatchObject({
      source: { canPause: true, acks: false, redelivers: false },
      listensOn: ['/in'],
    });
    expect(capabilities({ path: '/in', ack: 'delivered' }).source?.acks).toBe(true);
    expect(capabilities({ path: '/in', reply: true }).sink).toMatchObject({ reaches: 'peers' });
    expect(capabilities({ url: 'https://me:secret@there/x?token=secret' })).toMatchObject({
      sink: { confirms: 'accepted', pipelines: true, ordered: 'key' },
      writesTo: ['https://there/x'],
    });
    expect(capabilities({ url: 'http://there/', concurrency: 1 }).sink).toMatchObject({
      pipelines: false,
      ordered: 'all',
    });
  });
});

describe('headers and meta', () => {
  const all = (): boolean => true;
  const out = (isText: boolean, more: Partial<Outgoing> = {}): Outgoing => ({
    fixed: {},
    isForwarded: ordinaryHeaders,
    isText,
    ...more,
  });

  it('come back as they went', () => {
    const meta = {
      id: 'order-7',
      key: 'customer 12',
      headers: { tenant: 'acme', umlaut: 'Grüße 😀', empty: '' },
      contentType: 'application/json',
      correlationId: 'question-3',
      replyTo: 'answers',
      timestamp: 1_700_000_000_123,
    };
    expect(metaOf(headersOf(Message.of('x', meta), out(true)), all)).toEqual(meta);
  });

  it('carry the id of every message, and a content type', () => {
    const message = Message.of('x');
    expect(headersOf(message, out(true))).toEqual({
      'idempotency-key': message.id,
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(headersOf(message, out(false))['content-type']).toBe('application/octet-stream');
  });

  it('leave what is of HTTP itself to HTTP, and what is configured as it is', () => {
    const meta = {
      headers: { 'Content-Length': '3', host: 'evil', authorization: 'theirs', 'araldo-key': 'k' },
    };
    const headers = headersOf(Message.of('x', meta), out(true, { fixed: { authorization: 'ours' } }));
    expect(headers).toMatchObject({ authorization: 'ours' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['host']));
    expect(headers).not.toHaveProperty('content-length');
    expect(headers).not.toHaveProperty('araldo-key');
  });

  it.each([{ a: 'b\r\nc: d' }, { 'a b': 'c' }])('refuse %j', (headers) => {
    expect(() => headersOf(Message.of('x', { headers }), out(true))).toThrow('in one line');
  });

  const dangerous = {
    authorization: 'Bearer theirs',
    Cookie: 'session=theirs',
    'X-Forwarded-For': '10.0.0.1',
    'x-http-method-override': 'DELETE',
    'content-encoding': 'gzip',
    'if-match': '*',
  };
  const ofTheConnection = {
    Host: 'evil',
    connection: 'close',
    te: 'trailers',
    'transfer-encoding': 'chunked',
    'content-length': '0',
    expect: '100-continue',
    'proxy-authorization': 'theirs',
  };

  it('let out what servers act on only where it is named', () => {
    const message = Message.of('x', { headers: { ...dangerous, ...ofTheConnection, tenant: 'acme' } });
    const namesOut = (forwarded?: readonly string[]): string[] => {
      const isForwarded = forwarded === undefined ? ordinaryHeaders : headerFilter(forwarded);
      const {
        'content-type': _type,
        'idempotency-key': _id,
        ...more
      } = headersOf(message, out(true, { isForwarded }));
      return Object.keys(more).toSorted();
    };
    expect(namesOut()).toEqual(['tenant']);
    expect(namesOut([])).toEqual([]);
    expect(namesOut(['*', 'x-*'])).toEqual(['tenant']);
    expect(namesOut(['Cookie', 'x-forwarded-*', 'content-encoding'])).toEqual([
      'content-encoding',
      'cookie',
      'x-forwarded-for',
    ]);
    // Configuration refuses these names; code that passes them is not followed either.
    expect(namesOut(Object.keys(ofTheConnection))).toEqual([]);
  });

  it('read only what is allowed, by name or by beginning', () => {
    const isAllowed = headerFilter(['X-Tenant', 'x-b3-*']);
    const headers = { 'x-tenant': 'acme', 'x-b3-trace': '1', authorization: 'secret', cookie: 'secret' };
    expect(metaOf(headers, isAllowed)).toEqual({ headers: { 'x-tenant': 'acme', 'x-b3-trace': '1' } });
    expect(metaOf(headers, headerFilter(['*']))).toEqual({
      headers: { 'x-tenant': 'acme', 'x-b3-trace': '1' },
    });
    expect(metaOf(headers, headerFilter(['cookie']))).toEqual({ headers: { cookie: 'secret' } });
    expect(metaOf({ 'idempotency-key': '"a \\"b"' }, isAllowed)).toEqual({ id: 'a "b' });
  });
});

describe('a body', () => {
  const limits = { messages: 2, payload: 4 };
  const lines = (text: string) => linesOf(Buffer.from(text), limits);

  it('of many messages has one on each line', () => {
    expect(lines('{1}\r\n\n{2}\n')).toEqual([Buffer.from('{1}'), Buffer.from('{2}')]);
    expect(lines('abcd\nabcd')).toHaveLength(2);
  });

  it.each([
    ['abcde\n', 413],
    ['a\nb\nc', 413],
    ['\n\n', 400],
  ])('as %j is refused with %i', (text, status) => {
    expect(lines(text)).toMatchObject({ status });
  });

  it.each<[string | undefined, Buffer, boolean | undefined]>([
    ['application/json; charset=UTF-8', Buffer.from('{}'), true],
    ['application/cloudevents+json', Buffer.from('{}'), true],
    ['text/plain', Buffer.from([0xff]), undefined],
    ['text/plain; charset=latin1', Buffer.from('a'), undefined],
    ['application/octet-stream', Buffer.from('a'), false],
    ['image/png', Buffer.from('a'), undefined],
    [undefined, Buffer.from('a'), undefined],
  ])('of %s is text: %#', (type, bytes, isText) => {
    expect(wireOf(bytes, type).isText).toBe(isText);
  });
});

describe('Retry-After', () => {
  it('is seconds or a date, and never longer than five minutes', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(retryAfterOf('3', now)).toBe(3_000);
    expect(retryAfterOf('Thu, 01 Jan 2026 00:00:10 GMT', now)).toBe(10_000);
    expect(retryAfterOf('Wed, 31 Dec 2025 00:00:10 GMT', now)).toBe(0);
    expect(retryAfterOf('86400', now)).toBe(300_000);
    expect(retryAfterOf('soon', now)).toBe(0);
  });
});

describe('the turnstile', () => {
  function stage(most = 2) {
    const clock = createVirtualClock();
    const { scheduler } = clock.begin();
    const seen: string[] = [];
    let places = 0;
    const gone = new Set<string>();
    const turnstile = createTurnstile({ scheduler, most, patienceMs: 100, isOpen: () => places > 0 });
    const lane = {} as Lane;
    const arrive = (name: string): void =>
      turnstile.arrive({
        lane,
        isGone: () => gone.has(name),
        enter() {
          places -= 1;
          seen.push(name);
        },
        turnedAway: () => seen.push(`not ${name}`),
      });
    return {
      seen,
      gone,
      turnstile,
      arrive,
      pass: (ms: number) => clock.pass(ms, () => true),
      free(count: number) {
        places += count;
      },
    };
  }

  it('lets in as many as there is room for, in their order', async () => {
    const { seen, arrive, pass, free } = stage();
    free(1);
    for (const name of ['a', 'b', 'c']) arrive(name);
    expect(seen).toEqual(['a']);
    free(1);
    await pass(10);
    arrive('d');
    expect(seen).toEqual(['a', 'b']);
    free(5);
    arrive('e');
    await pass(10);
    expect(seen).toEqual(['a', 'b', 'not e', 'c', 'd']);
  });

  it('turns away who has waited too long, and forgets who has gone', async () => {
    const { seen, gone, arrive, pass } = stage();
    arrive('a');
    arrive('b');
    gone.add('b');
    await pass(99);
    expect(seen).toEqual([]);
    await pass(10);
    expect(seen).toEqual(['not a']);
  });
});
