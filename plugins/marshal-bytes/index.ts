/** Bytes as they are. */
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { found } from '../../src/options/found.ts';

const options: z.ZodType<object> = z.strictObject({});

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-bytes',
  summary: 'Bytes as they are; text is written as UTF-8.',
  options,
  create: (_options, { name }) => createBytes(name),
});

export default plugin;

export function createBytes(name: string): Marshaller {
  return {
    name,
    isText: false,
    envelope: false,

    marshal(value) {
      if (value instanceof Uint8Array) return value;
      if (typeof value === 'string' && value.isWellFormed()) return Buffer.from(value);
      const instead = typeof value === 'string' ? 'half of a surrogate pair' : found(value);
      throw new AraldoError('unmarshallable-payload', `expected bytes or text, found ${instead}`);
    },

    unmarshal: (bytes) => bytes,
  };
}
