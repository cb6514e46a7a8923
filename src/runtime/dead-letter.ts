/** A dead letter: the message that failed, with what it failed of in its meta. */
import { isUtf8 } from 'node:buffer';
import type { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';

/**
 * The letter keeps the obligation of `message`. Bytes that no marshaller could read become text where they are
 * UTF-8, else `{base64}`, so that the marshaller of any sink can carry them.
 */
export function deadLetterOf(message: Message, error: AraldoError, route: string): Message {
  const reason = { code: error.code, message: error.message, route };
  const meta = { ...message.meta, id: message.id, error: reason };
  const { payload } = message;
  if (!(payload instanceof Uint8Array)) return message.withMeta(meta);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return message.with(isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') }, meta);
}
