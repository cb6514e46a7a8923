/** CBOR (RFC 8949): the values of JSON, bytes and dates, in fewer bytes, and as strict as marshal-json. */
import { Encoder } from 'cbor-x';
import type { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { cursorOver } from '../../src/formats/cursor.ts';
import { settled } from '../../src/formats/numbers.ts';
import { writable } from '../../src/formats/plain-values.ts';
import { type SelfDescribingOptions, selfDescribingOptions } from '../../src/formats/self-describing.ts';
import { checkStructure } from './structure.ts';

const options: z.ZodType<SelfDescribingOptions, object> = selfDescribingOptions();

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-cbor',
  summary:
    'CBOR, strict: 64 levels at most, keys are text, of tags only those of dates, no number that changes.',
  options,
  envelope: ({ envelope }) => envelope,
  create: (given, { name }) => createCbor(name, given),
});

export default plugin;

const FORMAT = 'CBOR';

const settings = {
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  tagUint8Array: false,
  useToJSON: false,
  // A piece of the payload must not keep, nor see, the bytes of its transport.
  copyBuffers: true,
};

export function createCbor(name: string, { bigNumbers, envelope }: SelfDescribingOptions): Marshaller {
  // The types of the library do not know int64AsNumber: without it, every whole number of 64 bits is a bigint.
  const encoder = new Encoder({ ...settings, ...({ int64AsNumber: true } as object) });
  const exact = new Encoder(settings);
  return {
    name,
    isText: false,
    envelope,

    marshal(value) {
      const whole = writable(FORMAT, value);
      try {
        return encoder.encode(whole);
      } catch (thrown) {
        throw AraldoError.from(thrown, 'unmarshallable-payload');
      }
    },

    unmarshal(bytes) {
      // The library leaves a property on the view that it reads: on one of ours, not the transport's.
      const own = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const cursor = cursorOver(FORMAT, own, bigNumbers);
      checkStructure(cursor);
      try {
        return cursor.needsSettling ? settled(exact.decode(own)) : (encoder.decode(own) as unknown);
      } catch {
        // Without a cause: what a library says may quote the payload, which is not for logs.
        throw new AraldoError('malformed-payload', `expected ${FORMAT}, found bytes that cbor-x refuses`);
      }
    },
  };
}
