/** Publishes one message; what the library does not take is the message's own fault. */
import type { PublishOptions } from '@nats-io/transport-node';
import { AraldoError } from '../core/errors.ts';
import type { Link } from './connection.ts';

/**
 * Throws an `AraldoError`: `payload-too-large` when the server would not take it with its headers, else
 * `sink-rejected`. To be asked of a connection that is not closed.
 */
export function send(link: Link, subject: string, payload: Uint8Array, options: PublishOptions): void {
  try {
    link.nats.publish(subject, payload, options);
  } catch (thrown) {
    const most = link.nats.info?.max_payload;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    if (most === undefined || !text.includes('max_payload')) throw AraldoError.from(thrown, 'sink-rejected');
    throw new AraldoError(
      'payload-too-large',
      `a payload of ${payload.byteLength} bytes, with its headers; the server takes ${most}`,
    );
  }
}
