// @ts-check
// Maps of texts as in the query of a URL, `room=hall&celsius=21.5`: short, and one line whatever the texts hold.
import { AraldoError, defineMarshaller } from 'araldo';
import { z } from 'zod';

/** A key that reaches prototypes where somebody assigns what was read. */
const REFUSED = '__proto__';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export default defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-query',
  summary:
    'A map of texts as key=value&key=value. Numbers and booleans are written as text; all is read as text.',
  options: z.strictObject({}),
  create: (_options, { name }) => createQuery(name),
});

/**
 * @param {string} name
 * @returns {import('araldo').Marshaller}
 */
export function createQuery(name) {
  return {
    name,
    isText: true,
    envelope: false,
    marshal(value) {
      const pairs = entriesOf(value).map(([key, item]) => `${encode(key)}=${encode(item)}`);
      return Buffer.from(pairs.join('&'));
    },
    unmarshal(bytes) {
      const text = decode(() => decoder.decode(bytes));
      /** @type {Map<string, string>} */
      const read = new Map();
      for (const pair of text === '' ? [] : text.split('&')) {
        const middle = pair.indexOf('=');
        if (middle < 0)
          throw malformed(`expected key=value, found no = in ${JSON.stringify(pair.slice(0, 60))}`);
        const [key, item] = [pair.slice(0, middle), pair.slice(middle + 1)].map((part) =>
          decode(() => decodeURIComponent(part.replaceAll('+', ' '))),
        );
        if (key === undefined || item === undefined || key === REFUSED)
          throw malformed(`the key ${key} is refused`);
        if (read.has(key)) throw malformed(`expected each key once, found ${JSON.stringify(key)} again`);
        read.set(key, item);
      }
      return Object.fromEntries(read);
    },
  };
}

/**
 * @param {unknown} value
 * @returns {[string, unknown][]}
 */
function entriesOf(value) {
  const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  // A Date or a Map has no entries, and would be written as if it held nothing.
  const isMap = prototype === Object.prototype || prototype === null;
  const entries = isMap ? Object.entries(/** @type {object} */ (value)) : [];
  if (isMap && entries.every(([key]) => key !== REFUSED)) return entries;
  throw new AraldoError(
    'unmarshallable-payload',
    `expected a map of texts, found ${isMap ? REFUSED : typeof value}`,
  );
}

/** @param {unknown} part */
function encode(part) {
  const isPlain = typeof part === 'number' || typeof part === 'boolean';
  const text = isPlain ? String(part) : part;
  if (typeof text === 'string' && text.isWellFormed()) return encodeURIComponent(text);
  throw new AraldoError(
    'unmarshallable-payload',
    `expected a text, a number or a boolean, found ${typeof part}`,
  );
}

/** @param {() => string} read */
function decode(read) {
  try {
    return read();
  } catch (cause) {
    throw malformed('expected UTF-8, found bytes that are none', cause);
  }
}

/**
 * @param {string} text
 * @param {unknown} [cause]
 */
function malformed(text, cause) {
  return new AraldoError('malformed-payload', text, { cause });
}
