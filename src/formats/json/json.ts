/** JSON in UTF-8, as strict as two sides that do not trust each other need it. */
import { AraldoError } from '../../core/errors.ts';
import type { BigNumbers } from '../cursor.ts';
import { readWith } from './numbers.ts';
import { flawOf, flawOfParsed, UNSURE } from './values.ts';

/** The text of a value. Throws an `AraldoError` (`unmarshallable-payload`) that names what has no form in JSON. */
export function writeJson(value: unknown): string {
  try {
    const flaw = flawOf(value);
    if (flaw !== undefined) throw new AraldoError('unmarshallable-payload', `JSON has no form for ${flaw}`);
    return JSON.stringify(value);
  } catch (thrown) {
    // A getter or a `toJSON` may throw anything.
    throw AraldoError.from(thrown, 'unmarshallable-payload');
  }
}

/** The value in a text. Throws an `AraldoError` (`malformed-payload`). */
export function readJson(bytes: Uint8Array, bigNumbers: BigNumbers): unknown {
  const text = decode(bytes);
  const value = parse(text);
  const flaw = flawOfParsed(value);
  if (flaw === undefined) return value;
  if (flaw !== UNSURE) throw malformed(`JSON without ${flaw}`);
  // Seldom: a number so large that its text must be looked at.
  if (bigNumbers === 'string') return readWith(text, (source) => source);
  return readWith(text, (source) => {
    throw malformed(`numbers that stay what they are, found ${source} (big-numbers: string lets them pass)`);
  });
}

/** Keeps a byte order mark, which JSON must not have, for the parser to stumble over. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed('UTF-8, found bytes that are none');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    // Without a cause: the parser quotes a piece of the payload, which is not for logs.
    throw malformed(`JSON: ${unquoted((thrown as SyntaxError).message)}`);
  }
}

/** `Unexpected token 'x', ..."a": x1}"... is not valid JSON` up to the quotation; a short text is all quotation. */
function unquoted(reason: string): string {
  return reason.startsWith('"') ? 'no JSON value' : (reason.split(/, (?:\.\.\.)?"/)[0] ?? '');
}

function malformed(expected: string): AraldoError {
  return new AraldoError('malformed-payload', `expected ${expected}`);
}
