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

/** `ws` is given what stands from one frame's end to the next, in pieces as they come. */
export class FrameTracker {
  private readonly maxPayload: number;
  /** The header at hand, as far as it has come: it may be spread over chunks. */
  private readonly header = Buffer.alloc(LONG_HEADER);
  private headerLength = 0;
  /** Bytes that are still to come of the payload at hand. */
  private owed = 0;
  /** Between the first and the last frame of a fragmented message. */
  private isFragmented = false;
  /** The message at hand will be whole with its last byte, which is not there yet or just is. */
  private isAwaited = false;

  /** @param maxPayload the longest payload, in bytes. */
  constructor(maxPayload: number) {
    this.maxPayload = maxPayload;
  }

  /** Whether a frame begins next, and may begin a message. */
  get isBetweenMessages(): boolean {
    return this.owed === 0 && this.headerLength === 0 && !this.isFragmented;
  }

  /** `ws` was given a whole message and did not emit it: it refuses what follows. */
  get isRefused(): boolean {
    return this.isAwaited && this.owed === 0 && this.headerLength === 0;
  }

  /**
   * How far `ws` is to be given `chunk` from `at` on: to the end of a frame, or of the chunk. `undefined` when the
   * frame that begins there, or began in the chunk before, is one to end the connection with.
   */
  follow(chunk: Buffer, at: number): number | undefined {
    let from = at;
    if (this.owed === 0) {
      from = this.readHeader(chunk, at);
      if (from < 0) return chunk.length;
      if (!this.begin()) return undefined;
    }
    const to = Math.min(chunk.length, from + this.owed);
    this.owed -= to - from;
    return to;
  }

  /** `ws` has emitted a message. It does so as soon as it has the last byte. */
  emitted(): void {
    this.isAwaited = false;
  }

  /** Reads up to the end of the header; returns where that is, or -1 when it is not there yet. */
  private readHeader(chunk: Buffer, from: number): number {
    const { header } = this;
    for (let at = from; ; at += 1) {
      if (this.headerLength >= 2 && this.headerLength === headerSize(header)) return at;
      if (at === chunk.length) return -1;
      header[this.headerLength] = chunk[at] as number;
      this.headerLength += 1;
    }
  }

  /** Notes what the header says; returns whether the frame may come now. */
  private begin(): boolean {
    const first = this.header[0] as number;
    const second = this.header[1] as number;
    const opcode = first & OPCODE;
    const isLast = first >= FIN;
    this.owed = payloadSize(this.header);
    this.headerLength = 0;
    if ((first & RESERVED) !== 0 || second < MASKED) return false;
    // A control frame has its length in the second byte, and is no fragment.
    if (opcode === PING || opcode === PONG) return isLast && (second & LENGTH) <= LONGEST_CONTROL;
    const isExpected = this.isFragmented ? opcode === CONTINUATION : opcode === TEXT || opcode === BINARY;
    if (!isExpected || this.owed > this.maxPayload) return false;
    this.isFragmented = !isLast;
    this.isAwaited = isLast;
    return true;
  }
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
