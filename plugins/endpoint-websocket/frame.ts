/** The frames of RFC 6455, section 5.2: their parts, and the unmasked ones that a server sends. */
import type { Wire } from '../../src/core/wire.ts';

/** In the first byte: the last frame of its message; bits that no extension here uses; what it is. */
export const FIN = 0x80;
export const RESERVED = 0x70;
export const OPCODE = 0x0f;

export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const PING = 0x9;
export const PONG = 0xa;

/** In the second byte: whether a mask follows; the length of the payload, or where it stands. */
export const MASKED = 0x80;
export const LENGTH = 0x7f;
export const LENGTH_16 = 126;
export const LENGTH_64 = 127;

/** The size of a masked frame's header: with its length in the second byte, in two more, in eight more. */
export const SHORT_HEADER = 6;
export const MEDIUM_HEADER = 8;
export const LONG_HEADER = 14;

export const LONGEST_CONTROL = 125;

/** Payloads up to this length have it in the second byte. */
const SHORT = 125;
const MEDIUM = 0xffff;

/** How many bytes the frame of a payload has. */
export function frameSize(payload: number): number {
  if (payload <= SHORT) return payload + 2;
  return payload + (payload <= MEDIUM ? 4 : 10);
}

/** Writes a whole message as one frame at `offset`; returns where the next one goes. `view` is of the target. */
export function writeFrame(
  target: Buffer,
  view: DataView,
  offset: number,
  payload: Wire,
  isText: boolean,
): number {
  const length = payload.size;
  target[offset] = FIN | (isText ? TEXT : BINARY);
  let at = offset + 2;
  if (length <= SHORT) {
    target[offset + 1] = length;
  } else if (length <= MEDIUM) {
    target[offset + 1] = LENGTH_16;
    view.setUint16(offset + 2, length);
    at = offset + 4;
  } else {
    target[offset + 1] = LENGTH_64;
    view.setUint32(offset + 2, Math.floor(length / 2 ** 32));
    view.setUint32(offset + 6, length % 2 ** 32);
    at = offset + 10;
  }
  payload.copyTo(target, view, at);
  return at + length;
}

/** Where the frame ends that begins at `offset` and was written by `writeFrame`. */
export function skipFrame(bytes: Buffer, offset: number): number {
  const length = bytes[offset + 1] as number;
  if (length <= SHORT) return offset + 2 + length;
  if (length === LENGTH_16) return offset + 4 + bytes.readUInt16BE(offset + 2);
  return offset + 10 + bytes.readUInt32BE(offset + 2) * 2 ** 32 + bytes.readUInt32BE(offset + 6);
}
