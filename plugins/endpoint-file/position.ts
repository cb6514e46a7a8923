/** How far a file has been read and settled, kept in a file of its own over restarts. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import { readWhole } from '../../src/options/read-whole.ts';

export interface Position {
  /** Which of all files that were ever read under this path: 1 is the first. */
  readonly ordinal: number;
  readonly ino: number;
  /** All before it is settled, in bytes. */
  readonly offset: number;
  /** What the file begins with, as a hash of so many bytes: numbers of files are used again. */
  readonly head: string;
  readonly headBytes: number;
}

const schema: z.ZodType<Position & { readonly version: 1 }> = z.strictObject({
  version: z.literal(1),
  ordinal: z.int().min(1),
  ino: z.int().min(0),
  offset: z.int().min(0),
  head: z.string(),
  headBytes: z.int().min(0),
});

const MOST_BYTES = 4096;

/** So many bytes tell a file from another. */
export const HEAD_BYTES = 256;

/** `undefined` where nothing was ever kept. Rejects with an `AraldoError` for a file that is no such state. */
export async function loadPosition(path: string): Promise<Position | undefined> {
  let text: string;
  try {
    text = (await readWhole(path, MOST_BYTES)).toString();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('connect-failed', `could not read the state ${path}: ${why}`, { cause: thrown });
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new AraldoError(
      'connect-failed',
      `expected how far a file was read in ${path}, found something else: delete it to begin anew, or state another path`,
    );
  }
  const { version: _version, ...position } = parsed.data;
  return position;
}

/** There is always a whole one: before it, or this. */
export async function savePosition(path: string, position: Position): Promise<void> {
  const next = `${path}.tmp`;
  {
    await using file = await open(next, 'w');
    await file.writeFile(`${JSON.stringify({ version: 1, ...position })}\n`);
    await file.datasync();
  }
  await rename(next, path);
}

export async function headOf(handle: FileHandle, bytes: number): Promise<string> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = bytes === 0 ? { bytesRead: 0 } : await handle.read(buffer, 0, bytes, 0);
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('base64url');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
