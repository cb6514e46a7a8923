/** Reads a small file whole: never a device that has no end, never a pipe that nobody writes into. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { formatSize } from './size.ts';

/** Rejects with what the system says, or with a few words: `it is not a file`, `it is larger than 64 KiB`. */
export async function readWhole(path: string, maxBytes: number): Promise<Buffer> {
  // Opening a pipe would otherwise wait for whoever writes into it.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!(await file.stat()).isFile()) throw new Error('it is not a file');
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  // A read may give less than there is.
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === buffer.length) break;
  }
  if (length > maxBytes) throw new Error(`it is larger than ${formatSize(maxBytes).replace(/[A-Z]/, ' $&')}`);
  return buffer.subarray(0, length);
}
