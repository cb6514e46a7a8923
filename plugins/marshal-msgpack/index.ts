/** MessagePack: the values of JSON, bytes and dates, in fewer bytes, and as strict as marshal-json. */
import { Packr } from 'msgpackr';
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
  id: 'marshal-msgpack',
  summary:
    'MessagePack, strict: 64 levels at most, keys are text, dates as timestamps, no other extensions, no number that changes.',
  options,
  envelope: ({ envelope }) => envelope,
  create: (given, { name }) => createMsgpack(name, given),
});

export default plugin;

const FORMAT = 'MessagePack';

export function createMsgpack(name: string, { bigNumbers, envelope }: SelfDescribingOptions): Marshaller {
  const packr = new Packr({
    useRecords: false,
    mapsAsObjects: true,
    variableMapSize: true,
    moreTypes: false,
    useToJSON: false,
    // A piece of the payload must not keep, nor see, the bytes of its transport.
    copyBuffers: true,
    // The types of the library know no 'auto': a number, or a bigint where a double may not hold it.
    ...({ int64AsType: 'auto' } as object),
  });
  return {
    name,
    isText: false,
    envelope,

    marshal(value) {
      const whole = writable(FORMAT, value);
      try {
        return packr.pack(whole);
      } catch (thrown) {
        throw AraldoError.from(thrown, 'unmarshallable-payload');
      }
    },

    unmarshal(bytes) {
      // The library leaves a property on the view that it reads: on one of ours, not the transport's.
      const own = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const cursor = cursorOver(FORMAT, own, bigNumbers);
      checkStructure(cursor);
      let value: unknown;
      try {
        value = packr.unpack(own);
      } catch {
        // Without a cause: what a library says may quote the payload, which is not for logs.
        throw new AraldoError('malformed-payload', `expected ${FORMAT}, found bytes that msgpackr refuses`);
      }
      return cursor.needsSettling ? settled(value) : value;
    },
  };
}
