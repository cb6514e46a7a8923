/** Values → bytes, where messages go out. */
import { Observable } from 'rxjs';
import type { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import type { Marshaller } from '../src/core/marshaller.ts';
import type { FailedAt, Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { outgoingWire } from '../src/core/outgoing.ts';
import { Wire } from '../src/core/wire.ts';
import { marshallerName } from '../src/options/marshaller-name.ts';
import { envelopeOf } from './envelope.ts';

/**
 * Gives each message the bytes of its payload. One that `unmarshal` read with the same marshaller, and nobody
 * changed, keeps the bytes it came as. A value without a form in bytes costs that message alone.
 *
 * ```
 * source  ──{a:1}────{a:1n}──{a:2}────▶   values
 *         marshal(json)
 *         ──{"a":1}──────────{"a":2}──▶   bytes; the second fails: unmarshallable-payload
 * ```
 *
 * @param marshaller without one, text and bytes pass as what they are, and anything else fails.
 * @example
 * ```yaml
 * via:
 *   - marshal: json
 * ```
 *
 * ```ts
 * source.pipe(claim(), map(summary), marshal(json)).subscribe(sinkOf(server.endpoint('browsers')));
 * ```
 */
export function marshal(marshaller?: Marshaller): MessageOperator {
  const where: FailedAt = { at: marshaller === undefined ? 'marshal' : `marshal ${marshaller.name}` };
  const ready = marshaller === undefined ? wireOf : marshalMessage(marshaller);

  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next(message) {
          let marshalled: Message;
          try {
            marshalled = ready(message);
          } catch (thrown) {
            message.fail(AraldoError.from(thrown, 'unmarshallable-payload'), where);
            return;
          }
          subscriber.next(marshalled);
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}

/**
 * The same for a single message, whose obligation stays with what is returned.
 * Throws an `AraldoError` (`unmarshallable-payload`); then it stays with the message.
 */
export function marshalMessage(marshaller: Marshaller): (message: Message) => Message {
  const { isText } = marshaller;
  if (marshaller.envelope) {
    // Never the bytes it came as: meta has changed, if only by a hop.
    return (message) => {
      const bytes = marshaller.marshal(envelopeOf(message, isText));
      return message.withWire(message.payload, Wire.of(bytes, isText, marshaller));
    };
  }
  const { carriage } = marshaller;
  if (carriage !== undefined) {
    return (message) => {
      const { payload, wire } = message;
      const same = wire?.marshaller === marshaller ? wire.bytes : undefined;
      const { bytes, meta } = carriage.pack(payload, { ...message.meta, id: message.id }, same);
      return message.withWire(payload, Wire.of(bytes, isText, marshaller), meta);
    };
  }
  return (message) => {
    if (message.wire?.marshaller === marshaller) return message;
    const { payload } = message;
    return message.withWire(payload, Wire.of(marshaller.marshal(payload), isText, marshaller));
  };
}

/**
 * The same without a marshaller: bytes that are known pass untouched, text and bytes become what they are.
 * Throws an `AraldoError` (`unmarshallable-payload`) for any other value.
 */
export function wireOf(message: Message): Message {
  return message.wire === undefined ? message.withWire(message.payload, outgoingWire(message)) : message;
}

const options: z.ZodString = marshallerName();

export const marshalStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'marshal',
  summary: 'Gives each message the bytes of its payload, for sinks that pass bytes as they are.',
  options,
  marshaller: (name) => name,
  create(name, { marshaller }) {
    if (marshaller === undefined)
      throw new AraldoError('plugin-failed', `nobody lends the marshaller ${name}`);
    return marshal(marshaller(name));
  },
});
