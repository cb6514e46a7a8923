/**
 * Meta as MQTT 5 carries it: fields of its own for some, user properties for the headers and for the rest. MQTT 3.1.1
 * has a place for none of it.
 */
import { isUtf8 } from 'node:buffer';
import { AraldoError } from '../../src/core/errors.ts';
import type { Meta } from '../../src/core/message.ts';
import type { Properties } from './connection.ts';
import { problemOfText, problemOfTopic } from './topic.ts';

/** User properties that are words of meta, and no headers. */
const ID = 'araldo-id';
const KEY = 'araldo-key';
const TIMESTAMP = 'araldo-timestamp';
const REPLY_TO = 'reply-to';

interface Words {
  id?: string;
  key?: string;
  contentType?: string;
  correlationId?: string;
  replyTo?: string;
  timestamp?: number;
  headers?: Record<string, string>;
}

/**
 * What the properties of a message say. A user property that comes several times is one header, its values joined by a
 * comma; correlation data that is not UTF-8 becomes base64 text.
 */
export function metaOfProperties(properties: Properties): Meta {
  const { contentType, responseTopic, correlationData, userProperties = {} } = properties;
  const words: Words = {};
  if (contentType !== undefined) words.contentType = contentType;
  if (responseTopic !== undefined) words.replyTo = responseTopic;
  if (correlationData !== undefined) words.correlationId = textOf(correlationData);
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(userProperties)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (name === ID) words.id = text;
    else if (name === KEY) words.key = text;
    else if (name === REPLY_TO && responseTopic === undefined) words.replyTo = text;
    else if (name === TIMESTAMP && isTime(text)) words.timestamp = Number(text);
    else headers.push([name, text]);
  }
  // Not by assignment: a header may be called __proto__.
  if (headers.length > 0) words.headers = Object.fromEntries(headers);
  return words as Meta;
}

/** Whether the publisher says that it is text, and it is. */
export function isText(properties: Properties | undefined, payload: Uint8Array): true | undefined {
  return properties?.payloadFormatIndicator === true && isUtf8(payload) ? true : undefined;
}

export interface Sent {
  readonly isText: boolean;
  /** How long the broker keeps it for a subscriber that is away, in seconds. */
  readonly expiry: number | undefined;
}

/**
 * The properties that say what meta says; `undefined` where there is nothing to say. Throws an `AraldoError`
 * (`sink-rejected`) for what MQTT cannot carry: a broker would end the connection for it.
 */
export function propertiesOf(meta: Meta, { isText, expiry }: Sent): Properties | undefined {
  const { id, key, headers, contentType, correlationId, replyTo, timestamp } = meta;
  const user: [string, string][] = [];
  const add = (name: string, value: string): void => {
    assertText(`the name of header ${JSON.stringify(name)}`, name);
    assertText(`header ${name}`, value);
    user.push([name, value]);
  };
  for (const name in headers) add(name, headers[name] ?? '');
  if (id !== undefined) add(ID, id);
  if (key !== undefined) add(KEY, key);
  if (timestamp !== undefined) add(TIMESTAMP, String(timestamp));
  const properties: { -readonly [Name in keyof Properties]: Properties[Name] } = {};
  if (isText) properties.payloadFormatIndicator = true;
  if (expiry !== undefined) properties.messageExpiryInterval = expiry;
  if (contentType !== undefined) {
    assertText('the content type', contentType);
    properties.contentType = contentType;
  }
  if (correlationId !== undefined) {
    assertText('the correlation id', correlationId);
    properties.correlationData = Buffer.from(correlationId);
  }
  if (replyTo !== undefined) {
    // As a response topic it must be a topic; addresses of other systems need not be.
    if (problemOfTopic(replyTo) === undefined) properties.responseTopic = replyTo;
    else add(REPLY_TO, replyTo);
  }
  if (user.length > 0) properties.userProperties = Object.fromEntries(user);
  return Object.keys(properties).length > 0 ? properties : undefined;
}

/** How many bytes they take on the wire, at most. */
export function sizeOf(properties: Properties | undefined): number {
  if (properties === undefined) return 0;
  const { contentType = '', responseTopic = '', correlationData = '', userProperties = {} } = properties;
  let size = 32;
  for (const field of [contentType, responseTopic, correlationData]) size += Buffer.byteLength(field);
  for (const [name, value] of Object.entries(userProperties)) {
    size += 5 + Buffer.byteLength(name) + Buffer.byteLength(value as string);
  }
  return size;
}

function assertText(what: string, text: string): void {
  const problem = problemOfText(text);
  if (problem !== undefined) throw new AraldoError('sink-rejected', `${what}: ${problem}, as MQTT has it`);
}

function textOf(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64');
}

function isTime(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}
