/** Bytes → values, where messages come in. */
import type { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { MAX_HOPS } from '../src/core/hops.ts';
import type { Marshaller } from '../src/core/marshaller.ts';
import type { FailedAt, Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { Wire } from '../src/core/wire.ts';
import { marshallerName } from '../src/options/marshaller-name.ts';
import { openEnvelope } from './envelope.ts';

/**
 * Parses the bytes of each message; malformed ones cost that message alone. What has no bytes passes: it is a
 * value already. The bytes stay with the message, so that one which nobody changes goes out as it came.
 *
 * With a marshaller that carries envelopes, the payload and meta within become the message's. What the source
 * itself knows of a message wins over what its envelope claims, but for the id; one that made too many hops ends here.
 *
 * ```
 * source  ──{"a":1}──{"a":──{"a":2}──▶   bytes
 *         unmarshal(json)
 *         ──{a:1}───────────{a:2}────▶   values; the second fails: malformed-payload
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - unmarshal: json
 * ```
 *
 * ```ts
 * server.endpoint('orders').pipe(claim(), unmarshal(json)).subscribe(sinkOf(server.endpoint('browsers')));
 * ```
 */
export function unmarshal(marshaller: Marshaller): MessageOperator {
  const where: FailedAt = { at: `unmarshal ${marshaller.name}` };
  const read = marshaller.envelope ? readEnvelope : readPayload;

  return stage((target) => (message) => {
    const { wire } = message;
    if (wire === undefined || wire.marshaller === marshaller) {
      target.next(message);
      return;
    }
    let parsed: Message;
    try {
      parsed = read(message, wire.bytes, marshaller);
    } catch (thrown) {
      message.fail(AraldoError.from(thrown, 'malformed-payload'), where);
      return;
    }
    if ((parsed.meta.hops ?? 0) > MAX_HOPS) parsed.discard('hops');
    else target.next(parsed);
  });
}

function readPayload(message: Message, bytes: Uint8Array, marshaller: Marshaller): Message {
  const { carriage } = marshaller;
  if (carriage !== undefined) {
    const { payload, meta } = carriage.unpack(bytes, message.meta);
    return message.withWire(payload, Wire.of(bytes, marshaller.isText, marshaller), meta);
  }
  const payload = marshaller.unmarshal(bytes);
  return message.withWire(payload, Wire.of(bytes, marshaller.isText, marshaller));
}

/** The bytes are those of the envelope, and on its way out a message gets another: one hop further. */
function readEnvelope(message: Message, bytes: Uint8Array, marshaller: Marshaller): Message {
  const { payload, meta } = openEnvelope(marshaller.unmarshal(bytes), message.meta);
  return message.with(payload, meta);
}

const options: z.ZodString = marshallerName();

export const unmarshalStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'unmarshal',
  summary: 'Reads the payload of each message from its bytes, behind a source with marshal: none.',
  options,
  marshaller: (name) => name,
  create(name, { marshaller }) {
    if (marshaller === undefined)
      throw new AraldoError('plugin-failed', `nobody lends the marshaller ${name}`);
    return unmarshal(marshaller(name));
  },
});
