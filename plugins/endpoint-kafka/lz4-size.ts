/** How large frames of LZ4 are when they are decompressed, found without doing so: the decoder itself has no bound. */

const FRAME = 0x184d2204;

/** Frames that decoders leave out begin with one of sixteen words. */
const SKIPPED = 0x184d2a50;

const HAS_BLOCK_CHECKSUMS = 0x10;
const HAS_SIZE = 0x08;
const HAS_CHECKSUM = 0x04;
const HAS_DICTIONARY = 0x01;

const IS_PLAIN = 0x80000000;

/** A match is at least so long; its length is counted from there. */
const LEAST_MATCH = 4;

/**
 * In bytes. Stops counting beyond `most`. Throws a `RangeError` where the frames end before they should, and an error
 * where they are none.
 */
export function lz4Size(data: Buffer, most: number): number {
  let size = 0;
  for (let at = 0; at < data.length && size <= most; ) {
    const magic = data.readUInt32LE(at);
    if (magic >>> 4 === SKIPPED >>> 4) {
      at += 8 + data.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== FRAME) throw new Error('expected a frame of LZ4');
    const flags = data.readUInt8(at + 4);
    at += 7 + ((flags & HAS_SIZE) === 0 ? 0 : 8) + ((flags & HAS_DICTIONARY) === 0 ? 0 : 4);
    const checksum = (flags & HAS_BLOCK_CHECKSUMS) === 0 ? 0 : 4;
    for (;;) {
      const word = data.readUInt32LE(at);
      at += 4;
      if (word === 0) break;
      const length = word & ~IS_PLAIN;
      size += word >= IS_PLAIN ? length : blockSize(data, at, Math.min(at + length, data.length));
      if (size > most) return size;
      at += length + checksum;
    }
    if ((flags & HAS_CHECKSUM) !== 0) at += 4;
  }
  return size;
}

/** Sequences of literals and of matches with what came before; the last one has literals only. */
function blockSize(data: Buffer, from: number, end: number): number {
  let size = 0;
  let at = from;
  while (at < end) {
    const token = data[at] as number;
    at += 1;
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255 && at < end) {
        more = data[at] as number;
        literals += more;
        at += 1;
      }
    }
    size += literals;
    at += literals + 2;
    if (at > end) break;
    let match = token & 15;
    if (match === 15) {
      let more = 255;
      while (more === 255 && at < end) {
        more = data[at] as number;
        match += more;
        at += 1;
      }
    }
    size += match + LEAST_MATCH;
  }
  return size;
}
