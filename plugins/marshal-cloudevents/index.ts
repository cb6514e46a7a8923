/** CloudEvents 1.0.2: what a message is about, in places that every system for events knows. */
import { AraldoError } from '../../src/core/errors.ts';
import type { Carriage, Marshaller } from '../../src/core/marshaller.ts';
import type { Meta } from '../../src/core/meta.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { attributesOf, EVENT_JSON, metaOf, wrong } from './attributes.ts';
import { readData, readEvent, writeData, writeEvent } from './data.ts';
import { readHeaders, writeHeaders } from './headers.ts';
import { type CloudEventsOptions, options } from './options.ts';

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-cloudevents',
  summary: 'CloudEvents 1.0, structured as JSON or binary: attributes travel as meta, data as the payload.',
  options,
  create: (given, { name }) => createCloudEvents(name, given),
});

export default plugin;

export function createCloudEvents(name: string, settings: CloudEventsOptions): Marshaller {
  const { mode, headers: style, bigNumbers } = settings;
  const carriage: Carriage = {
    pack(payload, meta, same) {
      try {
        return mode === 'binary' ? packBinary(payload, meta, same) : packStructured(payload, meta);
      } catch (thrown) {
        // A getter may throw anything.
        throw AraldoError.from(thrown, 'unmarshallable-payload');
      }
    },

    unpack(bytes, meta) {
      const { contentType } = meta;
      const isBatch = contentType?.toLowerCase().startsWith('application/cloudevents-batch') === true;
      if (isBatch) throw wrong('malformed-payload', 'one event, found a batch of them');
      const isEvent = contentType?.toLowerCase().startsWith('application/cloudevents') === true;
      if (isEvent || mode === 'structured') return unpackStructured(bytes, meta);
      const { attributes, headers } = readHeaders(meta, style);
      const payload = readData(bytes, contentType, bigNumbers);
      return { payload, meta: metaOf(attributes, { ...meta, headers }) };
    },
  };
  return {
    name,
    isText: mode === 'structured',
    envelope: false,
    carriage,
    marshal: (value) => (mode === 'binary' ? bare(value) : carriage.pack(value, {}).bytes),
    unmarshal: (bytes) =>
      mode === 'binary' ? readData(bytes, undefined, bigNumbers) : carriage.unpack(bytes, {}).payload,
  };

  function packStructured(payload: unknown, meta: Meta) {
    // An id that nobody gave is that of the data.
    const data = meta.id === undefined ? writeEvent({}, payload) : '';
    const bytes = writeEvent(attributesOf(meta, settings, data), payload);
    return { bytes, meta: { ...meta, contentType: EVENT_JSON } };
  }

  function packBinary(payload: unknown, meta: Meta, same: Uint8Array | undefined) {
    const contentType = meta.contentType ?? (payload instanceof Uint8Array ? undefined : 'application/json');
    const bytes = same ?? writeData(payload, contentType);
    const named = contentType === undefined ? meta : { ...meta, contentType };
    const headers = writeHeaders(attributesOf(named, settings, bytes), meta, style);
    return { bytes, meta: { ...named, headers } };
  }

  function unpackStructured(bytes: Uint8Array, meta: Meta) {
    const { attributes, payload } = readEvent(bytes, bigNumbers);
    // The content type is that of the event; the one of its data is within.
    const { contentType: _contentType, ...own } = meta;
    return { payload, meta: metaOf(attributes, own) };
  }

  function bare(value: unknown): Uint8Array {
    try {
      return writeData(value, undefined);
    } catch (thrown) {
      throw AraldoError.from(thrown, 'unmarshallable-payload');
    }
  }
}
