/** JSON, as strict as two sides that do not trust each other need it. */
import { z } from 'zod';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { readJson, writeJson } from '../../src/formats/json/json.ts';

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

export function createJson(name: string, { bigNumbers, envelope }: JsonOptions): Marshaller {
  return {
    name,
    isText: true,
    envelope,
    marshal: (value) => Buffer.from(writeJson(value)),
    unmarshal: (bytes) => readJson(bytes, bigNumbers),
  };
}
