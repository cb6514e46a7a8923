/** What a sink that carries bytes sends for a message. */
import { AraldoError } from './errors.ts';
import type { Message, Wire } from './message.ts';

const encoder = new TextEncoder();

/**
 * The wire form of a message, or one of its payload where that is bytes or text already: such messages come
 * from code, past any marshaller. Throws an `AraldoError` (`unmarshallable-payload`) for any other payload.
 */
export function outgoingWire(message: Message): Wire {
  if (message.wire !== undefined) return message.wire;
  const { payload } = message;
  if (typeof payload === 'string') return { bytes: encoder.encode(payload), isText: true };
  if (payload instanceof Uint8Array) return { bytes: payload, isText: undefined };
  const found = payload === null ? 'null' : typeof payload;
  throw new AraldoError(
    'unmarshallable-payload',
    `expected bytes or text to send, found a payload of type ${found}: declare a marshaller`,
  );
}
