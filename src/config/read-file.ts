/** Reads the file of a configuration: no more of it than is allowed, and only UTF-8. */
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ErrorCode, Place } from '../core/errors.ts';
import { ConfigurationError } from './problem.ts';
import { MAX_YAML_BYTES } from './yaml.ts';

/** Rejects with a `ConfigurationError`. Of a file that is too large it returns as much as shows that. */
export async function readFileText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  const isCut = bytes.length > MAX_YAML_BYTES;
  // A cut may go through a character, and what is too large is reported as that.
  if (!isCut && !isUtf8(bytes))
    throw one('yaml-invalid', placeOfBadBytes(bytes, file), 'expected UTF-8, found other bytes');
  return bytes.toString();
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    await using handle = await open(file);
    const bytes = Buffer.alloc(MAX_YAML_BYTES + 1);
    let length = 0;
    // A read may give less than there is: a pipe does.
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT'
        ? `expected a configuration at ${resolve(file)}, found no file; name another with --config`
        : `the configuration could not be read: ${message}`;
    throw one('config-unreadable', { file }, reason);
  }
}

function placeOfBadBytes(bytes: Buffer, file: string): Place {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) break;
    line += 1;
    start = end + 1;
  }
  return { file, line, column: 1 };
}

function one(code: ErrorCode, place: Place, text: string): ConfigurationError {
  return new ConfigurationError([{ code, text, place }]);
}
