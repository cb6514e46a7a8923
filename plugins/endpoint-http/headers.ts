/** Headers of HTTP and the meta of a message: each well known word under the standard's name, or under one of ours. */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { AraldoError } from '../../src/core/errors.ts';
import type { Message, Meta } from '../../src/core/message.ts';

/** Where the words of `Meta` stand; the first name is the one that we write. */
const places: Readonly<Record<string, readonly string[]>> = {
  id: ['idempotency-key', 'araldo-id'],
  key: ['araldo-key'],
  contentType: ['content-type'],
  correlationId: ['correlation-id', 'x-correlation-id'],
  replyTo: ['reply-to'],
  timestamp: ['araldo-timestamp'],
};

const placed: ReadonlySet<string> = new Set(Object.values(places).flat());

/** They are about the connection, or about the body as HTTP frames it: no message decides on them. */
const ownOfHttp =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|content-length|expect)$/;

/**
 * They say who asks, for whom, from where, or what is to be done: servers, and the proxies before them, act on them. A
 * message comes from anybody, so they leave only where the options name them.
 */
const guarded = new RegExp(
  `^(${[
    'authorization|cookie2?|set-cookie2?|www-authenticate',
    'forwarded|x-forwarded-.*|x-real-ip|via|max-forwards|origin|referer|sec-.*|access-control-.*',
    'x-http-method|x-http-method-override|x-method-override|x-original-url|x-rewrite-url',
    'if-.*|range|content-range|content-encoding',
  ].join('|')})$`,
);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a name is one that the options of a sink may set. */
export function isSettable(name: string): boolean {
  return token.test(name) && !ownOfHttp.test(name.toLowerCase());
}

/** A name, or the beginning of names: `x-*`. */
export const namePattern: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a pattern is of headers that may leave: not of those that HTTP writes itself. */
export function isForwardable(pattern: string): boolean {
  return !ownOfHttp.test(beginningOf(pattern));
}

/**
 * Admits the names of a list: exact ones, and those that begin as `x-*` says; but what servers and proxies act on only
 * by its name, or by a beginning of its own: `x-forwarded-*`. In lower case.
 */
export function headerFilter(names: readonly string[]): (name: string) => boolean {
  const exact = new Set(names.filter((name) => !name.endsWith('*')).map((name) => name.toLowerCase()));
  const prefixes = names.filter((name) => name.endsWith('*')).map(beginningOf);
  return (name) =>
    exact.has(name) ||
    prefixes.some((prefix) => name.startsWith(prefix) && (isOrdinary(name) || !isOrdinary(prefix)));
}

/** Admits what a message may have in its headers without anybody saying so. */
export const ordinaryHeaders: (name: string) => boolean = headerFilter(['*']);

function isOrdinary(name: string): boolean {
  return !ownOfHttp.test(name) && !guarded.test(name);
}

function beginningOf(pattern: string): string {
  return (pattern.endsWith('*') ? pattern.slice(0, -1) : pattern).toLowerCase();
}

/** What a request says of its message; `isAllowed` chooses what becomes `meta.headers`. */
export function metaOf(headers: IncomingHttpHeaders, isAllowed: (name: string) => boolean): Meta {
  const read = (names: readonly string[] = []): string | undefined => {
    for (const name of names) {
      const value = headers[name];
      if (typeof value === 'string' && value !== '') return decode(value);
    }
    return undefined;
  };
  const id = read(places['id']);
  const key = read(places['key']);
  const contentType = read(places['contentType']);
  const correlationId = read(places['correlationId']);
  const replyTo = read(places['replyTo']);
  const timestamp = Number(read(places['timestamp']) ?? Number.NaN);
  const others: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || placed.has(name) || !isAllowed(name)) continue;
    others.push([name, decode(Array.isArray(value) ? value.join(', ') : value)]);
  }
  return {
    ...(id !== undefined && { id: unquoted(id) }),
    ...(key !== undefined && { key }),
    ...(contentType !== undefined && { contentType }),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(Number.isSafeInteger(timestamp) && { timestamp }),
    ...(others.length > 0 && { headers: Object.fromEntries(others) }),
  };
}

export interface Outgoing {
  /** From the options: they win. */
  readonly fixed: Readonly<Record<string, string>>;
  /** Which of `meta.headers` leave, in lower case. */
  readonly isForwarded: (name: string) => boolean;
  readonly isText: boolean;
}

/**
 * The headers of a message that is sent. Throws an `AraldoError` (`sink-rejected`) for what no header can carry.
 */
export function headersOf(
  message: Message,
  { fixed, isForwarded, isText }: Outgoing,
): Record<string, string> {
  const { meta } = message;
  const headers: Record<string, string> = {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/octet-stream',
  };
  for (const [name, value] of Object.entries(meta.headers ?? {})) {
    const lower = name.toLowerCase();
    if (isForwarded(lower) && !ownOfHttp.test(lower) && !placed.has(lower)) headers[lower] = value;
  }
  headers['idempotency-key'] = message.id;
  for (const [word, [name = '']] of Object.entries(places)) {
    const value = meta[word];
    if (typeof value === 'string' || typeof value === 'number') headers[name] = String(value);
  }
  for (const [name, value] of Object.entries(headers)) headers[name] = encode(name, value);
  return { ...headers, ...fixed };
}

/** Text beyond ASCII travels as the bytes of its UTF-8, which Node takes and gives as Latin-1. */
function encode(name: string, value: string): string {
  if (!token.test(name) || !isOneLine(value)) {
    throw new AraldoError(
      'sink-rejected',
      `expected what an HTTP header can carry in one line, found ${JSON.stringify(name)}: ${JSON.stringify(value.slice(0, 80))}`,
    );
  }
  return encodeText(value);
}

/** Text as Node takes it for a header. */
export function encodeText(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** Neither a line break nor any other control character but the tab. */
function isOneLine(value: string): boolean {
  for (const character of value) {
    if ((character < ' ' && character !== '\t') || character === '\x7f') return false;
  }
  return true;
}

function decode(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}

/** The draft standard of the idempotency key writes it as a quoted string, most programs do not. */
function unquoted(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text;
}
