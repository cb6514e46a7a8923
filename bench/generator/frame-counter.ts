/**
 * Counts the payload bytes of frames by their headers alone, for servers that put several messages in a frame.
 * Where a frame is a message, counting bytes needs not even that.
 */

/** Takes what was read, in order; returns how many bytes of it are payload. */
export type FrameCounter = (chunk: Uint8Array, length: number) => number;

const LARGEST_HEADER = 10;

export function createFrameCounter(): FrameCounter {
  const header = new Uint8Array(LARGEST_HEADER);
  const view = new DataView(header.buffer);
  /** Of the header that is being read. */
  let have = 0;
  /** Of the payload that is being skipped. */
  let left = 0;

  const headerLength = (): number => {
    if (have < 2) return 2;
    const short = (header[1] as number) & 0x7f;
    if (short < 126) return 2;
    return short === 126 ? 4 : 10;
  };

  const payloadLength = (): number => {
    const short = (header[1] as number) & 0x7f;
    if (short < 126) return short;
    return short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
  };

  return (chunk, length) => {
    let payload = 0;
    for (let at = 0; at < length; ) {
      if (left > 0) {
        const skipped = Math.min(left, length - at);
        left -= skipped;
        at += skipped;
        payload += skipped;
        continue;
      }
      header[have] = chunk[at] as number;
      have += 1;
      at += 1;
      if (have === headerLength()) {
        left = payloadLength();
        have = 0;
      }
    }
    return payload;
  };
}
