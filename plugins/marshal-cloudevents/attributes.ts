/** The attributes of an event (CloudEvents 1.0.2) ↔ meta. */
import { createHash } from 'node:crypto';
import { AraldoError, type ErrorCode } from '../../src/core/errors.ts';
import type { Meta } from '../../src/core/meta.ts';
import { found } from '../../src/options/found.ts';

/** By name. In JSON an extension may be a number or a boolean; in headers all are text. */
export type Attributes = Readonly<Record<string, Attribute>>;
export type Attribute = string | number | boolean;

export const EVENT_JSON = 'application/cloudevents+json';

/** Lower-case letters and digits; events of others may have names that are longer than the 20 of the advice. */
const NAME = /^[a-z0-9]{1,64}$/;
const MOST_ATTRIBUTES = 64;

/** The fields of meta that have an attribute of their own; the rest of an event is `meta.event`. */
const fields = {
  datacontenttype: 'contentType',
  partitionkey: 'key',
  correlationid: 'correlationId',
} as const;

const required = ['id', 'source', 'type'] as const;

export interface Defaults {
  readonly source: string;
  readonly type: string;
}

/** The attributes of a message that leaves. Throws an `AraldoError` (`unmarshallable-payload`). */
export function attributesOf(meta: Meta, { source, type }: Defaults, data: Uint8Array | string): Attributes {
  const known = meta['event'] ?? {};
  if (!isMap(known)) throw wrong('unmarshallable-payload', `a map as meta.event, found ${found(known)}`);
  const time = timeOf(known['time'], meta.timestamp);
  return checked('unmarshallable-payload', {
    source,
    type,
    ...known,
    specversion: '1.0',
    id: known['id'] ?? meta.id ?? digestOf(data),
    ...(time !== undefined && { time }),
    ...(meta.contentType !== undefined && { datacontenttype: meta.contentType }),
    ...(meta.key !== undefined && { partitionkey: meta.key }),
    ...(meta.correlationId !== undefined && { correlationid: meta.correlationId }),
  });
}

/**
 * The meta of an event that came in: what `own` says, which the source knows by itself, wins. An event is told from
 * others by its source and its id together.
 * Throws an `AraldoError` (`malformed-payload`).
 */
export function metaOf(attributes: Attributes, own: Meta): Meta {
  const { specversion, ...event } = checked('malformed-payload', attributes);
  if (specversion !== '1.0') throw wrong('malformed-payload', `specversion 1.0, found ${found(specversion)}`);
  const claims: Record<string, unknown> = { id: `${String(event['source'])}#${String(event['id'])}` };
  for (const [name, field] of Object.entries(fields)) {
    if (event[name] === undefined) continue;
    claims[field] = String(event[name]);
    delete event[name];
  }
  const time = event['time'];
  if (typeof time === 'string') claims['timestamp'] = Date.parse(time);
  return { ...claims, ...own, event };
}

/** The text that came in tells more than milliseconds do, as long as it is still true. */
function timeOf(came: unknown, timestamp: number | undefined): string | undefined {
  if (typeof came === 'string' && (timestamp === undefined || Date.parse(came) === timestamp)) return came;
  if (timestamp === undefined) return undefined;
  const date = new Date(timestamp);
  const isWithin = date.getTime() >= EARLIEST && date.getTime() <= LATEST;
  if (isWithin) return date.toISOString();
  throw wrong(
    'unmarshallable-payload',
    `milliseconds of a year of four digits as meta.timestamp, found ${timestamp}`,
  );
}

const EARLIEST = Date.parse('0000-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)$/;

function checked(code: ErrorCode, attributes: Readonly<Record<string, unknown>>): Record<string, Attribute> {
  const right: Record<string, Attribute> = {};
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null);
  if (entries.length > MOST_ATTRIBUTES)
    throw wrong(code, `at most ${MOST_ATTRIBUTES} attributes, found more`);
  for (const [name, value] of entries) {
    if (!NAME.test(name) || name === 'data')
      throw wrong(code, `a name of lower-case letters and digits for an attribute, found ${found(name)}`);
    if (!isAttribute(value))
      throw wrong(code, `text, a whole number, true or false as ${name}, found ${found(value)}`);
    right[name] = value;
  }
  for (const name of required) {
    const value = right[name];
    if (typeof value !== 'string' || value === '')
      throw wrong(code, `text as ${name}, found ${found(value)}`);
  }
  const { time } = right;
  if (
    time !== undefined &&
    !(typeof time === 'string' && TIME.test(time) && !Number.isNaN(Date.parse(time)))
  ) {
    throw wrong(code, `a time such as 2026-11-23T09:00:00Z as time, found ${found(time)}`);
  }
  return right;
}

/** Text without controls, as the specification wants it; numbers are 32-bit. */
function isAttribute(value: unknown): value is Attribute {
  if (typeof value === 'boolean') return true;
  if (typeof value === 'number') return value === (value | 0) && !Object.is(value, -0);
  return typeof value === 'string' && value.isWellFormed() && !/\p{Cc}/u.test(value);
}

/** The same data has the same id: a message without one is told from others by what it says. */
function digestOf(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 32);
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function wrong(code: ErrorCode, expected: string): AraldoError {
  return new AraldoError(code, `CloudEvents: expected ${expected}`);
}
