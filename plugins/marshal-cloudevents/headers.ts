/** Attributes as headers, by the protocol bindings of CloudEvents 1.0.2. */
import type { Meta } from '../../src/core/meta.ts';
import { type Attributes, wrong } from './attributes.ts';

export type HeaderStyle = 'http' | 'kafka' | 'amqp' | 'mqtt';
type Headers = Readonly<Record<string, string>>;

/** The first is written, all are read. */
const prefixes: Readonly<Record<HeaderStyle, readonly string[]>> = {
  http: ['ce-'],
  kafka: ['ce_'],
  amqp: ['cloudEvents:', 'cloudEvents_'],
  mqtt: [''],
};

/** A user property of MQTT that may be an attribute: there is no prefix to know it by. */
const BARE = /^[a-z0-9]+$/;

/** The headers of a message that leaves: its own, without those of an event that it came as. */
export function writeHeaders(attributes: Attributes, { headers = {} }: Meta, style: HeaderStyle): Headers {
  const prefix = prefixes[style][0] as string;
  const written: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (attributeOf(name, style) === undefined) written[name] = value;
  }
  for (const [name, value] of Object.entries(attributes)) {
    // The content type is a field of every system that has headers.
    if (name === 'datacontenttype') continue;
    written[`${prefix}${name}`] = style === 'http' ? encoded(String(value)) : String(value);
  }
  return written;
}

/** The attributes among the headers, and the rest of them. Throws an `AraldoError` (`malformed-payload`). */
export function readHeaders(
  { headers = {}, contentType }: Meta,
  style: HeaderStyle,
): { readonly attributes: Attributes; readonly headers: Headers } {
  const attributes: Record<string, string> =
    contentType === undefined ? {} : { datacontenttype: contentType };
  const rest: Record<string, string> = {};
  for (const [header, value] of Object.entries(headers)) {
    const name = attributeOf(header, style);
    if (name === undefined) rest[header] = value;
    else attributes[name] = style === 'http' ? decoded(name, value) : value;
  }
  if (attributes['specversion'] === undefined) {
    throw wrong('malformed-payload', `an event with the header ${prefixes[style][0]}specversion, found none`);
  }
  return { attributes, headers: rest };
}

function attributeOf(header: string, style: HeaderStyle): string | undefined {
  if (style === 'mqtt') return BARE.test(header) ? header : undefined;
  for (const prefix of prefixes[style]) {
    // Names of headers have no case in HTTP.
    const start = header.slice(0, prefix.length);
    if ((style === 'http' ? start.toLowerCase() : start) !== prefix) continue;
    const name = header.slice(prefix.length);
    return style === 'http' ? name.toLowerCase() : name;
  }
  return undefined;
}

/** Space, quotation marks, the percent sign and all that is not printable ASCII. */
function encoded(value: string): string {
  return value.replace(/[^!#$&-~]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

function decoded(name: string, value: string): string {
  // A value in quotation marks is one that they are not part of.
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  if (!bare.includes('%')) return bare;
  try {
    return decodeURIComponent(bare);
  } catch {
    throw wrong('malformed-payload', `percent-encoded UTF-8 as ${name}, found other text`);
  }
}
