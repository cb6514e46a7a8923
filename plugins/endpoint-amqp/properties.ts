/** From meta to the properties of AMQP. */
import type { Options } from 'amqplib/callback_api';
import type { Message } from '../../src/core/message.ts';
import { carried, unwritable } from './header-names.ts';
import type { Outlet } from './settings.ts';

/** AMQP counts the bytes of these properties with one byte. */
const LONGEST = 255;
/** In bytes: no character of a text takes more of them than three for each of its units. */
const MOST_BYTES_A_UNIT = 3;

const MOST_PRIORITY = 255;

/** What is published with a message. What is too long for its property travels as a header. */
export function propertiesOf(message: Message, { isPersistent, isMandatory }: Outlet): Options.Publish {
  const { meta, id } = message;
  const headers: Record<string, string> = {};
  let contentEncoding: string | undefined;
  for (const name in meta.headers) {
    if (unwritable.has(name)) continue;
    const value = meta.headers[name] as string;
    if (name === carried.contentEncoding && isShort(value)) contentEncoding = value;
    // Own, whatever its name: `__proto__` is one too.
    else
      Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
  }
  const property = (value: unknown, name: string): string | undefined => {
    if (typeof value !== 'string') return undefined;
    if (isShort(value)) return value;
    headers[name] = value;
    return undefined;
  };
  if (meta.key !== undefined) headers[carried.key] = meta.key;
  const { timestamp, type, appId, priority } = meta;
  const isTime = timestamp !== undefined && timestamp >= 0 && timestamp <= Number.MAX_SAFE_INTEGER;
  if (isTime && timestamp % 1_000 !== 0) headers[carried.timestamp] = String(timestamp);
  return defined({
    mandatory: isMandatory,
    persistent: isPersistent,
    messageId: property(id, carried.id),
    contentType: property(meta.contentType, carried.contentType),
    correlationId: property(meta.correlationId, carried.correlationId),
    replyTo: property(meta.replyTo, carried.replyTo),
    contentEncoding,
    timestamp: isTime ? Math.floor(timestamp / 1_000) : undefined,
    type: typeof type === 'string' && isShort(type) ? type : undefined,
    appId: typeof appId === 'string' && isShort(appId) ? appId : undefined,
    priority: isPriority(priority) ? priority : undefined,
    headers,
  });
}

/** amqplib takes what is undefined for absent, and its types do not say so. */
function defined(
  properties: { readonly [Name in keyof Options.Publish]: Options.Publish[Name] | undefined },
): Options.Publish {
  return properties as Options.Publish;
}

function isShort(text: string): boolean {
  return text.length * MOST_BYTES_A_UNIT <= LONGEST || Buffer.byteLength(text) <= LONGEST;
}

function isPriority(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_PRIORITY;
}
