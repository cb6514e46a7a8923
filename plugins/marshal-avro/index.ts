/** Avro: values of a declared schema. */
import avro, { type Type } from 'avsc';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import type { OptionFiles } from '../../src/core/option-files.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { cursorOver } from '../../src/formats/cursor.ts';
import { found } from '../../src/options/found.ts';
import { expectHeader, headerOf } from './header.ts';
import { logicalTypes } from './logical.ts';
import { longHook } from './long.ts';
import { type AvroOptions, type AvroTypes, options } from './options.ts';
import { checkStructure } from './structure.ts';
import { plainOf, writableOf } from './values.ts';

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-avro',
  summary: 'Avro: values of a schema, bare or behind the header of single objects or of a schema registry.',
  options,
  async prepare(given, files) {
    let at = 'schema';
    try {
      const written = typeOf(await readSchema(given.schema, files), given);
      at = 'reader-schema';
      const read =
        given.readerSchema === undefined
          ? written
          : typeOf(await readSchema(given.readerSchema, files), given);
      if (read !== written) read.createResolver(written);
      return { value: { ...given, types: { written, read } } };
    } catch (thrown) {
      return { issues: [{ message: AraldoError.from(thrown, 'invalid-value').message, path: [at] }] };
    }
  },
  create(given, { name }) {
    if (given.types !== undefined) return createAvro(name, given.types, given);
    throw new AraldoError('plugin-failed', `${name}: its schema was not read`);
  },
});

export default plugin;

export function createAvro(
  name: string,
  { written, read }: AvroTypes,
  settings: Pick<AvroOptions, 'encoding' | 'schemaId'>,
): Marshaller {
  const header = headerOf(written, settings);
  const resolver = read === written ? undefined : read.createResolver(written);
  return {
    name,
    isText: false,
    envelope: false,

    marshal(value) {
      try {
        const whole = writableOf(value);
        written.isValid(whole, { noUndeclaredFields: true, errorHook: refuse });
        const bytes = written.toBuffer(whole);
        return header.length === 0 ? bytes : Buffer.concat([header, bytes]);
      } catch (thrown) {
        if (thrown instanceof AraldoError) throw thrown;
        // Without a cause, and without its words: the library quotes the payload, which is not for logs.
        throw new AraldoError(
          'unmarshallable-payload',
          'Avro: expected a value of the schema, found another',
        );
      }
    },

    unmarshal(bytes) {
      expectHeader(bytes, header);
      const body = bytes.subarray(header.length);
      checkStructure(cursorOver('Avro', body, 'refuse'), written);
      try {
        const whole = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
        return plainOf(read.fromBuffer(whole, resolver));
      } catch {
        throw new AraldoError(
          'malformed-payload',
          'Avro: expected a value of the schema, found bytes that avsc refuses',
        );
      }
    },
  };
}

function refuse(path: readonly string[], value: unknown, type: Type): never {
  const where = path.length === 0 ? '' : ` as ${path.join('.')}`;
  const what = type.name ?? type.typeName.replace(/^(?:logical|abstract):/, '');
  const instead = typeof value === 'string' ? 'other text' : found(value);
  throw new AraldoError('unmarshallable-payload', `Avro: expected ${what}${where}, found ${instead}`);
}

function typeOf(schema: unknown, settings: AvroOptions): Type {
  try {
    return avro.Type.forSchema(schema as never, {
      omitRecordMethods: true,
      typeHook: longHook(settings.logicalTypes === 'text'),
      ...(settings.logicalTypes === 'text' && {
        logicalTypes: logicalTypes as never,
        assertLogicalTypes: false,
      }),
    });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('invalid-value', `expected an Avro schema: ${reason}`, { cause: thrown });
  }
}

async function readSchema(schema: unknown, files: OptionFiles): Promise<unknown> {
  if (typeof schema !== 'string') return schema;
  const text = await files.read(schema);
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('invalid-value', `expected JSON in ${schema}: ${reason}`, { cause: thrown });
  }
}
