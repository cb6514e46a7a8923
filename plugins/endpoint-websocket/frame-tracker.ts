/** Knows where the frames end that `ws` is given piece by piece, and whether they keep to the rules. */
import {
  BINARY,
  CONTINUATION,
  FIN,
  LENGTH,
  LENGTH_16,
  LENGTH_64,
  LONG_HEADER,
  LONGEST_CONTROL,
  MASKED,
  MEDIUM_HEADER,
  OPCODE,
  PING,
  PONG,
  RESERVED,
  SHORT_HEADER,
  TEXT,
} from './frame.ts';

export interface FrameTracker {
  /** Whether a frame begins next, and may begin a message. */
  readonly isBetweenMessages: boolean;
  /** `ws` was given a whole message and did not emit it: it refuses what follows. */
  readonly isRefused: boolean;
  /**
   * How far `ws` is to be given `chunk` from `at` on: to the end of a frame, or of the chunk. `undefined` when the
   * frame that begins there, or began in the chunk before, is one to end the connection with.
   */
  follow(chunk: Buffer, at: number): number | undefined;
  /** `ws` has emitted a message. It does so as soon as it has the last byte. */
  emitted(): void;
}

/** @param maxPayload the longest payload, in bytes. */
export function createFrameTracker(maxPayload: number): FrameTracker {
  /** The header at hand, as far as it has come: it may be spread over chunks. */
  const header = Buffer.alloc(LONG_HEADER);
  let headerLength = 0;
  /** Bytes that are still to come of the payload at hand. */
  let owed = 0;
  /** Between the first and the last frame of a fragmented message. */
  let isFragmented = false;
  /** The message at hand will be whole with its last byte, which is not there yet or just is. */
  let isAwaited = false;

  /** Reads up to the end of the header; returns where that is, or -1 when it is not there yet. */
  const readHeader = (chunk: Buffer, from: number): number => {
    for (let at = from; ; at += 1) {
      if (headerLength >= 2 && headerLength === headerSize(header)) return at;
      if (at === chunk.length) return -1;
      header[headerLength] = chunk[at] as number;
      headerLength += 1;
    }
  };

  /** Notes what the header says; returns whether the frame may come now. */
  const begin = (): boolean => {
    const first = header[0] as number;
    const opcode = first & OPCODE;
    const isLast = first >= FIN;
    const length = (header[1] as number) & LENGTH;
    owed = payloadSize(header);
    headerLength = 0;
    if ((first & RESERVED) !== 0 || (header[1] as number) < MASKED) return false;
    // A control frame has its length in the second byte, and is no fragment.
    if (opcode === PING || opcode === PONG) return isLast && length <= LONGEST_CONTROL;
    const isExpected = isFragmented ? opcode === CONTINUATION : opcode === TEXT || opcode === BINARY;
    if (!isExpected || owed > maxPayload) return false;
    isFragmented = !isLast;
    isAwaited = isLast;
    return true;
  };

  return {
    get isBetweenMessages() {
      return owed === 0 && headerLength === 0 && !isFragmented;
    },
    get isRefused() {
      return isAwaited && owed === 0 && headerLength === 0;
    },
    follow(chunk, at) {
      let from = at;
      if (owed === 0) {
        from = readHeader(chunk, at);
        if (from < 0) return chunk.length;
        if (!begin()) return undefined;
      }
      const to = Math.min(chunk.length, from + owed);
      owed -= to - from;
      return to;
    },
    emitted() {
      isAwaited = false;
    },
  };
}

/** How long the header is that begins with these bytes, with its mask. */
function headerSize(header: Buffer): number {
  const length = (header[1] as number) & LENGTH;
  if (length === LENGTH_64) return LONG_HEADER;
  return length === LENGTH_16 ? MEDIUM_HEADER : SHORT_HEADER;
}

function payloadSize(header: Buffer): number {
  const length = (header[1] as number) & LENGTH;
  if (length === LENGTH_64) return header.readUInt32BE(2) * 2 ** 32 + header.readUInt32BE(6);
  return length === LENGTH_16 ? header.readUInt16BE(2) : length;
}
