/** Unmasked WebSocket frames, as a server sends them (RFC 6455, section 5.2). */

const FIN = 0x80;
const TEXT = 0x1;
const BINARY = 0x2;

/** Payloads up to this length have it in the second byte. */
const SHORT = 125;
const MEDIUM = 0xffff;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** How many bytes the frame of a payload has. */
export function frameSize(payload: number): number {
  if (payload <= SHORT) return payload + 2;
  return payload + (payload <= MEDIUM ? 4 : 10);
}

/** Writes a whole message as one frame at `offset`; returns where the next one goes. */
export function writeFrame(target: Buffer, offset: number, payload: Uint8Array, isText: boolean): number {
  const length = payload.byteLength;
  target[offset] = FIN | (isText ? TEXT : BINARY);
  let at = offset + 2;
  if (length <= SHORT) {
    target[offset + 1] = length;
  } else if (length <= MEDIUM) {
    target[offset + 1] = LENGTH_16;
    target.writeUInt16BE(length, offset + 2);
    at = offset + 4;
  } else {
    target[offset + 1] = LENGTH_64;
    target.writeUInt32BE(Math.floor(length / 2 ** 32), offset + 2);
    target.writeUInt32BE(length % 2 ** 32, offset + 6);
    at = offset + 10;
  }
  target.set(payload, at);
  return at + length;
}
