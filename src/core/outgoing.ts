/** What a sink that carries bytes sends for a message. */
import { AraldoError } from './errors.ts';
import type { Message } from './message.ts';
import { Wire } from './wire.ts';

const encoder = new TextEncoder();

/**
 * The wire form of a message, or one of its payload where that is bytes or text already: such messages come
 * from code, past any marshaller. Throws an `AraldoError` (`unmarshallable-payload`) for any other payload.
 */
export function outgoingWire(message: Message): Wire {
  if (message.wire !== undefined) return message.wire;
  const { payload } = message;
  // Half of a surrogate pair has no UTF-8: encoding would put another character in its place.
  if (typeof payload === 'string' && payload.isWellFormed()) {
    return Wire.of(encoder.encode(payload), true);
  }
  if (payload instanceof Uint8Array) return Wire.of(payload);
  throw new AraldoError('unmarshallable-payload', `expected bytes or text to send, found ${nameOf(payload)}`);
}

function nameOf(payload: unknown): string {
  if (typeof payload === 'string') return 'text with half of a surrogate pair';
  const type = payload === null ? 'null' : typeof payload;
  return `a payload of type ${type}: declare a marshaller, such as { name: json, id: marshal-json }`;
}
