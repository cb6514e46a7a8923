/** Protocol Buffers: messages of a declared type, as values in the JSON mapping of its specification. */
import protobuf, { type Type } from 'protobufjs';
import protojson from 'protobufjs/ext/protojson.js';
import { AraldoError, type ErrorCode } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { flawOf, flawOfParsed } from '../../src/formats/json/values.ts';
import { withNumbers } from './longs.ts';
import { options, type ProtobufOptions } from './options.ts';
import { readType } from './schema.ts';

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-protobuf',
  summary:
    'Protocol Buffers: messages of a type in a .proto file, as values in the JSON mapping of the specification.',
  options,
  async prepare(given, files) {
    try {
      return { value: { ...given, message: await readType(given, files) } };
    } catch (thrown) {
      const { code, message } = AraldoError.from(thrown, 'invalid-value');
      return { issues: [{ message, path: [code === 'unknown-name' ? 'type' : 'proto'] }] };
    }
  },
  create(given, { name }) {
    if (given.message !== undefined) return createProtobuf(name, given.message, given);
    throw new AraldoError('plugin-failed', `${name}: its files were not read`);
  },
});

export default plugin;

export function createProtobuf(
  name: string,
  type: Type,
  { int64, unknownFields }: Pick<ProtobufOptions, 'int64' | 'unknownFields'>,
): Marshaller {
  const hasRequired = hasRequiredFields(type.root);
  return {
    name,
    isText: false,
    envelope: false,

    marshal(value) {
      try {
        const flaw = value instanceof Uint8Array ? 'bytes' : flawOf(value);
        if (flaw !== undefined)
          throw wrong('unmarshallable-payload', `expected a value of JSON, found ${flaw}`);
        const message = protojson.fromJson(type, value);
        const missing = hasRequired ? missingIn(type, message) : undefined;
        if (missing !== undefined)
          throw wrong('unmarshallable-payload', `expected ${missing}, found nothing`);
        return type.encode(message).finish();
      } catch (thrown) {
        throw placed('unmarshallable-payload', thrown);
      }
    },

    unmarshal(bytes) {
      try {
        const reader = protobuf.Reader.create(bytes);
        reader.discardUnknown = unknownFields === 'drop';
        const message = type.decode(reader);
        if (unknownFields === 'refuse' && hasUnknown(message)) {
          throw wrong(
            'malformed-payload',
            'expected the fields that the type declares, found another (unknown-fields: drop lets it pass)',
          );
        }
        const value: unknown = protojson.toJson(type, message);
        const flaw = flawOfParsed(value);
        if (typeof flaw === 'string') throw wrong('malformed-payload', `expected a message without ${flaw}`);
        return int64 === 'number' ? withNumbers(type, value) : value;
      } catch (thrown) {
        throw placed('malformed-payload', thrown);
      }
    },
  };
}

function hasRequiredFields(space: protobuf.NamespaceBase): boolean {
  return space.nestedArray.some(
    (item) =>
      (item instanceof protobuf.Type && item.fieldsArray.some(({ required }) => required)) ||
      (item instanceof protobuf.Namespace && hasRequiredFields(item)),
  );
}

/** The full name of a required field (proto2) that a message does not have. */
function missingIn(type: Type, message: unknown): string | undefined {
  // Messages within are maps, which their type has not been made of yet.
  const map = message as Readonly<Record<string, unknown>>;
  for (const field of type.fieldsArray) {
    const value = Object.hasOwn(map, field.name) ? map[field.name] : undefined;
    if (value === undefined && field.required) return field.fullName.slice(1);
    if (value === undefined || !(field.resolvedType instanceof protobuf.Type)) continue;
    const inner = field.repeated || field.map ? Object.values(value as object) : [value];
    for (const item of inner) {
      const missing = missingIn(field.resolvedType, item);
      if (missing !== undefined) return missing;
    }
  }
  return undefined;
}

/** Depth is bounded by what the library decodes. */
function hasUnknown(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  return Object.hasOwn(value, '$unknowns') || Object.values(value).some(hasUnknown);
}

/** What the library says, without the values that it quotes: those are not for logs. */
function placed(code: ErrorCode, thrown: unknown): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const unquoted = /: unknown field: /.test(text)
    ? text
    : text.replace(/: (?:["[{\d-]|true|false|null)[\s\S]*$/, '');
  return wrong(code, unquoted.slice(0, LONGEST).replace(/^\./, ''));
}

const LONGEST = 200;

function wrong(code: ErrorCode, text: string): AraldoError {
  return new AraldoError(code, `Protocol Buffers: ${text}`);
}
