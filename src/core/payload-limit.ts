/** The bound of a single payload, where it cannot be kept from coming: it costs that message. */
import { AraldoError } from './errors.ts';

/** @param most what the endpoint allows, in bytes. */
export function payloadTooLarge(size: number, most: number): AraldoError {
  return new AraldoError('payload-too-large', `a payload of ${size} bytes; max-payload is ${most}`);
}
