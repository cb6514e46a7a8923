/**
 * The headers of NATS and the meta of a message. What has a name of its own in meta travels under the name that
 * standards give it, or as `araldo-…`; the rest are `meta.headers`.
 */
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { AraldoError } from '../core/errors.ts';
import type { Meta } from '../core/message.ts';

/** What stands before the payload of a message. */
export interface HeaderBlock {
  /** What a server says instead of a payload: `408`; 0 for what somebody published. */
  readonly status: number;
  readonly description: string;
  readonly entries: readonly (readonly [name: string, value: string])[];
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The part of meta that headers carry. */
export type CarriedMeta = Mutable<
  Pick<Meta, 'id' | 'key' | 'headers' | 'contentType' | 'correlationId' | 'replyTo' | 'timestamp'>
> & {
  /** Under which a stream took it once: `Nats-Msg-Id`. */
  messageId?: string;
};

const VERSION = 'NATS/1.0';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the headers of a message, or none where it has none. A value that is not UTF-8 is given as base64. Never
 * throws, whatever somebody published.
 */
export function readHeaders(message: Msg): HeaderBlock | undefined {
  const bytes = blockOf(message);
  if (bytes === undefined) return undefined;
  const lines = linesOf(bytes);
  const [, code = '0', description = ''] =
    /^NATS\/1\.0 *(\d{3})? *(.*)$/.exec(lines[0]?.toString() ?? '') ?? [];
  const entries: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(0x3a);
    if (colon > 0) entries.push([line.subarray(0, colon).toString(), valueOf(line.subarray(colon + 1))]);
  }
  return { status: Number(code), description, entries };
}

/** What an entry of a block says, whatever its case. */
export function headerOf({ entries }: HeaderBlock, name: string): string | undefined {
  return entries.find(([one]) => one.toLowerCase() === name)?.[1];
}

/** Meta of what was published with these headers. Several values of one name are joined by a comma. */
export function metaOfHeaders(block: HeaderBlock): CarriedMeta {
  const meta: CarriedMeta = {};
  let others: Record<string, string> | undefined;
  for (const [name, value] of block.entries) {
    if (take(meta, name.toLowerCase(), value) || name === '__proto__') continue;
    others ??= {};
    const before = others[name];
    others[name] = before === undefined ? value : `${before}, ${value}`;
  }
  if (others !== undefined) meta.headers = others;
  return meta;
}

/**
 * The headers that carry a message's meta, or nothing where there is none to carry. Of `meta.headers` those stay
 * behind that command a server (`Nats-Rollup` empties a stream) or that we write ourselves: a message that came from
 * elsewhere must not. Throws an `AraldoError` (`sink-rejected`) for a header that NATS cannot carry.
 *
 * @param own further ones, that stand for themselves.
 */
export function headersOf(
  meta: Meta,
  make: () => MsgHdrs,
  own: Readonly<Record<string, string>> = {},
): MsgHdrs | undefined {
  let made: MsgHdrs | undefined;
  const add = (name: string, value: string | undefined): void => {
    if (value === undefined) return;
    made ??= make();
    try {
      made.append(name, value);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new AraldoError('sink-rejected', `NATS cannot carry the header ${JSON.stringify(name)}: ${why}`);
    }
  };
  const { headers, contentType, correlationId, replyTo, timestamp, key, id } = meta;
  if (headers !== undefined) {
    for (const name of Object.keys(headers)) if (isFree(name, meta)) add(name, headers[name]);
  }
  add('content-type', contentType);
  add('correlation-id', correlationId);
  add('reply-to', replyTo);
  add('araldo-key', key);
  add('araldo-id', id);
  add('araldo-timestamp', timestamp === undefined ? undefined : String(timestamp));
  for (const name of Object.keys(own)) add(name, own[name]);
  return made;
}

/** Whether a header of a message may go out beside those of its meta. */
function isFree(name: string, meta: Meta): boolean {
  const lower = name.toLowerCase();
  if (lower.startsWith('nats-') || lower.startsWith('araldo-')) return false;
  if (lower === 'content-type') return meta.contentType === undefined;
  if (lower === 'correlation-id') return meta.correlationId === undefined;
  return lower !== 'reply-to' || meta.replyTo === undefined;
}

/** Notes a header that is a field of meta; `false` for any other. */
function take(meta: CarriedMeta, name: string, value: string): boolean {
  switch (name) {
    case 'content-type':
      meta.contentType = value;
      return true;
    case 'correlation-id':
      meta.correlationId = value;
      return true;
    case 'reply-to':
      meta.replyTo = value;
      return true;
    case 'araldo-key':
      meta.key = value;
      return true;
    case 'araldo-id':
      meta.id = value;
      return true;
    case 'nats-msg-id':
      meta.messageId = value;
      return true;
    // For the server, and done with.
    case 'nats-expected-stream':
      return true;
    case 'araldo-timestamp':
      if (!/^\d{1,15}$/.test(value)) return false;
      meta.timestamp = Number(value);
      return true;
    default:
      return false;
  }
}

/**
 * The bytes of the headers, which stand before the payload in one piece of memory. The library decodes them itself,
 * but throws at a name that it does not like and puts other characters in the place of bytes that are no UTF-8.
 */
function blockOf(message: Msg): Buffer | undefined {
  const { size } = message as Msg & { size?: () => number };
  if (size === undefined) return undefined;
  const { data, subject, reply = '' } = message;
  const length = size.call(message) - Buffer.byteLength(subject) - Buffer.byteLength(reply) - data.byteLength;
  if (length <= 0 || length > data.byteOffset) return undefined;
  const block = Buffer.from(data.buffer, data.byteOffset - length, length);
  return block.toString('latin1', 0, VERSION.length) === VERSION ? block : undefined;
}

function linesOf(block: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < block.length; ) {
    const end = block.indexOf('\r\n', from);
    const to = end < 0 ? block.length : end;
    if (to > from) lines.push(block.subarray(from, to));
    from = to + 2;
  }
  return lines;
}

function valueOf(bytes: Buffer): string {
  try {
    return decoder.decode(bytes).trim();
  } catch {
    return bytes.subarray(bytes[0] === 0x20 ? 1 : 0).toString('base64');
  }
}
