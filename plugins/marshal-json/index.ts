/** JSON, as strict as two sides that do not trust each other need it. */
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { readWith } from './numbers.ts';
import { flawOf, flawOfParsed, UNSURE } from './values.ts';

const options: z.ZodType<JsonOptions, object> = z
  .strictObject({
    'big-numbers': z.enum(['refuse', 'string']).default('refuse').meta({
      description:
        'What becomes of numbers that would not leave as they came, such as 9007199254740993: the message is refused, or they become strings.',
    }),
    envelope: z.boolean().default(false).meta({
      description: 'Carry {id, meta, payload} instead of the payload alone, for systems without headers.',
    }),
  })
  .transform((given) => ({ bigNumbers: given['big-numbers'], envelope: given.envelope }));

export interface JsonOptions {
  readonly bigNumbers: 'refuse' | 'string';
  readonly envelope: boolean;
}

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-json',
  summary: 'JSON in UTF-8, strict: 64 levels at most, no keys that reach prototypes, no number that changes.',
  options,
  envelope: ({ envelope }) => envelope,
  create: (given, { name }) => createJson(name, given),
});

export default plugin;

/** Keeps a byte order mark, which JSON must not have, for the parser to stumble over. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function createJson(name: string, { bigNumbers, envelope }: JsonOptions): Marshaller {
  return {
    name,
    isText: true,
    envelope,

    marshal(value) {
      let text: string;
      try {
        const flaw = flawOf(value);
        if (flaw !== undefined)
          throw new AraldoError('unmarshallable-payload', `JSON has no form for ${flaw}`);
        text = JSON.stringify(value);
      } catch (thrown) {
        // A getter or a `toJSON` may throw anything.
        throw AraldoError.from(thrown, 'unmarshallable-payload');
      }
      return Buffer.from(text);
    },

    unmarshal(bytes) {
      const text = decode(bytes);
      const value = parse(text);
      const flaw = flawOfParsed(value);
      if (flaw === undefined) return value;
      if (flaw !== UNSURE) throw malformed(`JSON without ${flaw}`);
      // Seldom: a number so large that its text must be looked at.
      if (bigNumbers === 'string') return readWith(text, (source) => source);
      return readWith(text, (source) => {
        throw malformed(
          `numbers that stay what they are, found ${source} (big-numbers: string lets them pass)`,
        );
      });
    },
  };
}

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
