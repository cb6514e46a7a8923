/** What SQLite says of the file of a leg that spills, as errors that a person can act on. */
import { AraldoError, type ErrorCode } from '../core/errors.ts';

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

const rescue = 'move it away to start without its messages, or rescue them with sqlite3 and .recover';

export function isDiskFull(thrown: unknown): boolean {
  return codeOf(thrown) === FULL;
}

export function damaged(path: string, how: string, cause?: unknown): AraldoError {
  return new AraldoError('spill-corrupt', `${path}: the file is damaged: ${how}; ${rescue}`, { cause });
}

/** Errors that are ours already pass. */
export function spillError(thrown: unknown, path: string): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const { message = String(thrown) } = thrown as { message?: string };
  const fail = (code: ErrorCode, text: string): AraldoError =>
    new AraldoError(code, `${path}: ${text}`, { cause: thrown });
  const code = codeOf(thrown);
  if (code === BUSY) {
    return fail(
      'spill-locked',
      'another process uses the file, or another leg; each leg needs a file of its own',
    );
  }
  if (code === CORRUPT || code === NOT_A_DATABASE) return damaged(path, message, thrown);
  return fail('spill-failed', code === FULL ? 'the disk is full' : message);
}

/** Without what SQLite adds to it about the system call. */
function codeOf(thrown: unknown): number | undefined {
  const { errcode } = thrown as { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}
