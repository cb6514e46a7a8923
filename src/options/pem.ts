/** Certificates and keys as options give them: the path of a file in PEM, or its text itself. */
import { z } from 'zod';
import { readWhole } from './read-whole.ts';

/** A bundle of all well-known authorities has a quarter of it. */
const MAX_PEM_BYTES = 1024 * 1024;

/** The type of an option that is a certificate or a key. */
export function pem(what: string): z.ZodString {
  return z.string().min(1).describe(`${what} The path of a PEM file, or its text.`);
}

/** Whether an option holds the text of a PEM file, as `${KEY}` and `${file:key.pem}` give it, and no path. */
export function isPem(value: string): boolean {
  return /^\s*-----BEGIN /.test(value);
}

/** The bytes of the file at a path, or of the text. Rejects when the file cannot be read. */
export async function readPem(value: string): Promise<Buffer> {
  return isPem(value) ? Buffer.from(value) : await readWhole(value, MAX_PEM_BYTES);
}

/** What stands in a file, for an error: `CERTIFICATE`, `nothing`, `no PEM`. */
export function foundInPem(bytes: Buffer): string {
  if (bytes.byteLength === 0) return 'nothing';
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(bytes.toString('latin1'))?.[1];
  return label ?? 'no PEM';
}
