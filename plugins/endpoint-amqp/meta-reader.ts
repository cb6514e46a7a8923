/** From the properties of AMQP to meta. */
import { isUtf8 } from 'node:buffer';
import type { ConsumeMessage } from 'amqplib/callback_api';
import type { Meta } from '../../src/core/message.ts';
import { carried, ownNames } from './header-names.ts';

/** Tables within tables: beyond this depth a value is cut off. */
const DEEPEST = 16;

export interface ReadMeta {
  readonly meta: Meta;
  /** Whether RabbitMQ said how often it has delivered the message. */
  readonly isCounted: boolean;
}

/** Reads the meta of the messages of one queue; `base` is what all of them have. */
export function createMetaReader(base: Meta): (message: ConsumeMessage) => ReadMeta {
  /** That of the last message without properties: the next one is likely to be of the same routing key. */
  let last: ReadMeta = { meta: base, isCounted: false };

  return (message) => {
    const { exchange, routingKey, redelivered } = message.fields;
    if (!redelivered && isBare(message)) {
      if (last.meta['routingKey'] !== routingKey || last.meta['exchange'] !== exchange)
        last = { meta: { ...base, exchange, routingKey, redelivered }, isCounted: false };
      return last;
    }
    return read(message, { ...base, exchange, routingKey, redelivered });
  };
}

function isBare({ properties }: ConsumeMessage): boolean {
  for (const name in properties.headers) if (name !== carried.deliveryCount) return false;
  for (const name of carriedProperties) if (properties[name] !== undefined) return false;
  return true;
}

const carriedProperties = [
  'messageId',
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'timestamp',
  'type',
  'appId',
  'priority',
] as const;

function read({ fields, properties }: ConsumeMessage, meta: Record<string, unknown>): ReadMeta {
  const table: Readonly<Record<string, unknown>> = properties.headers ?? {};
  const headers: [string, string][] = [];
  for (const name of Object.keys(table)) if (!ownNames.has(name)) headers.push([name, textOf(table[name])]);

  const inHeader = (name: string): string | undefined =>
    Object.hasOwn(table, name) ? textOf(table[name]) : undefined;
  /** The property, or else the header that stands for it: that is no header of the message then. */
  const either = (property: unknown, name: string): unknown => {
    if (property !== undefined) return property;
    const place = headers.findIndex(([one]) => one === name);
    return place < 0 ? undefined : headers.splice(place, 1)[0]?.[1];
  };
  set(meta, 'id', properties.messageId ?? inHeader(carried.id));
  set(meta, 'key', inHeader(carried.key));
  set(meta, 'contentType', either(properties.contentType, carried.contentType));
  set(meta, 'correlationId', either(properties.correlationId, carried.correlationId));
  set(meta, 'replyTo', either(properties.replyTo, carried.replyTo));
  set(meta, 'timestamp', timestampOf(properties.timestamp, inHeader(carried.timestamp)));
  set(meta, 'type', properties.type);
  set(meta, 'appId', properties.appId);
  set(meta, 'priority', properties.priority);
  if (properties.contentEncoding !== undefined)
    headers.push([carried.contentEncoding, String(properties.contentEncoding)]);
  if (headers.length > 0) meta['headers'] = Object.fromEntries(headers);

  const returns = table[carried.deliveryCount];
  const isCounted = fields.redelivered && Number.isSafeInteger(returns);
  if (fields.redelivered) meta['deliveries'] = isCounted ? (returns as number) + 1 : 2;
  return { meta, isCounted };
}

function set(meta: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) meta[name] = value;
}

/** In milliseconds. AMQP has seconds; where there was more to say a header says it, unless it is that of another time. */
function timestampOf(seconds: unknown, header: string | undefined): number | undefined {
  const exact = header === undefined ? Number.NaN : Number(header);
  if (typeof seconds !== 'number') return Number.isFinite(exact) ? exact : undefined;
  return Math.floor(exact / 1_000) === seconds ? exact : seconds * 1_000;
}

/** A value of a header as text: bytes that are not UTF-8 as base64, times by ISO 8601, all else as JSON. */
export function textOf(value: unknown): string {
  const plain = plainOf(value, 0);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

function plainOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth > DEEPEST) return '…';
  if (Buffer.isBuffer(value)) return isUtf8(value) ? value.toString() : value.toString('base64');
  if (Array.isArray(value)) return value.map((part: unknown) => plainOf(part, depth + 1));
  const { '!': type, value: inner } = value as { readonly '!'?: unknown; readonly value?: unknown };
  if (type === 'timestamp') return timeOf(Number(inner));
  if (type === 'decimal') return decimalOf(inner as { readonly places: number; readonly digits: number });
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainOf(part, depth + 1)]));
}

function timeOf(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

function decimalOf({ places, digits }: { readonly places: number; readonly digits: number }): string {
  if (places === 0) return String(digits);
  const text = String(digits).padStart(places + 1, '0');
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}
