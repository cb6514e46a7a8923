/** Decompresses a batch within a bound: a few kilobytes may stand for gigabytes, whoever wrote them. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Library } from './client.ts';
import { lz4Size } from './lz4-size.ts';

/** How a batch is compressed, as its attributes say it. */
const NONE = 0;
const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;

/** No block of LZ4 stands for more than this many times its own size. */
const MOST_LZ4_RATIO = 255;

/** What the Java client puts around blocks of Snappy: a magic word, two versions, and the size before each block. */
const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER = 16;

/**
 * The bytes of a batch, or `undefined` where they would be more than `most`: then no more than that was inflated.
 * Throws where they are not what `compression` says.
 *
 * @param compression the last three bits of the attributes of the batch.
 * @param most in bytes.
 */
export function inflate(
  library: Pick<Library, 'compressionsAlgorithms'>,
  compression: number,
  data: Buffer,
  most: number,
): Buffer | undefined {
  const { snappy, lz4 } = library.compressionsAlgorithms;
  switch (compression) {
    case NONE:
      return data;
    case GZIP:
      return within(() => gunzipSync(data, { maxOutputLength: most }));
    case ZSTD:
      return within(() => zstdDecompressSync(data, { maxOutputLength: most }));
    case SNAPPY:
      return snappySize(data) > most ? undefined : snappy.decompressSync(data);
    case LZ4:
      if (data.length * MOST_LZ4_RATIO > most && lz4Size(data, most) > most) return undefined;
      return lz4.decompressSync(data);
    default:
      throw new Error(`the compression ${compression} is not known`);
  }
}

function within(decompress: () => Buffer): Buffer | undefined {
  try {
    return decompress();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw thrown;
  }
}

/** Each block says before its bytes what it will be, and the decoder takes it at its word. */
function snappySize(data: Buffer): number {
  if (!data.subarray(0, xerial.length).equals(xerial)) return blockSize(data);
  let size = 0;
  for (let at = XERIAL_HEADER; at + 4 <= data.length; ) {
    const length = data.readUInt32BE(at);
    at += 4;
    size += blockSize(data.subarray(at, at + length));
    at += length;
  }
  return size;
}

function blockSize(block: Buffer): number {
  let size = 0;
  for (let place = 0; place < 5; place += 1) {
    const byte = block[place] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) break;
  }
  return size;
}
