/** Plain text in UTF-8. */
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { found } from '../../src/options/found.ts';

const options: z.ZodType<object> = z.strictObject({});

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-text',
  summary:
    'Text in UTF-8, strict. Numbers and booleans are written as their text; everything is read as text.',
  options,
  create: (_options, { name }) => createText(name),
});

export default plugin;

/** Keeps a byte order mark: it is a part of the text. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function createText(name: string): Marshaller {
  return {
    name,
    isText: true,
    envelope: false,

    marshal(value) {
      if (typeof value === 'string' && value.isWellFormed()) return Buffer.from(value);
      if (typeof value === 'number' || typeof value === 'boolean') return Buffer.from(String(value));
      const instead = typeof value === 'string' ? 'half of a surrogate pair' : found(value);
      throw new AraldoError(
        'unmarshallable-payload',
        `expected text, a number or a boolean, found ${instead}`,
      );
    },

    unmarshal(bytes) {
      try {
        return decoder.decode(bytes);
      } catch {
        throw new AraldoError('malformed-payload', 'expected UTF-8, found bytes that are none');
      }
    },
  };
}
