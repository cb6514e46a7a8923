/** WebSocket frames as a client sends them, written by hand so that the generator costs as little as it can. */
import { randomFillSync } from 'node:crypto';

export const TEXT = 0x1;
export const BINARY = 0x2;
export const PONG = 0xa;

/** Payloads up to this length have it in the second byte. */
const SHORT = 125;
const MEDIUM = 0xffff;
const MASKED = 0x80;
const FIN = 0x80;

/** How many bytes the frame has in which a server sends a payload of this length. */
export function frameSize(length: number): number {
  return headerSize(length) + length;
}

/** A whole message as one masked frame. */
export function maskedFrame(payload: Uint8Array, opcode: number = TEXT): Buffer {
  const { byteLength } = payload;
  const header = headerSize(byteLength);
  const frame = Buffer.alloc(header + 4 + byteLength);
  frame[0] = FIN | opcode;
  if (byteLength <= SHORT) {
    frame[1] = MASKED | byteLength;
  } else if (byteLength <= MEDIUM) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(byteLength, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(byteLength), 2);
  }
  const mask = frame.subarray(header, header + 4);
  randomFillSync(mask);
  // Servers skip the work of unmasking for a mask of zeros, which no browser sends.
  mask[0] = (mask[0] as number) | 1;
  for (let place = 0; place < byteLength; place += 1) {
    frame[header + 4 + place] = (payload[place] as number) ^ (mask[place & 3] as number);
  }
  return frame;
}

function headerSize(length: number): number {
  if (length <= SHORT) return 2;
  return length <= MEDIUM ? 4 : 10;
}
