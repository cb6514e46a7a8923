/** SQLite as it comes with Node: loaded when a configuration needs it, and without a warning that users cannot act on. */
import type * as Sqlite from 'node:sqlite';

/** Early versions of Node 24 call it experimental, on stderr, in each process that loads it. */
export function loadSqlite(): typeof Sqlite {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: never[]): void => {
    const text = typeof warning === 'string' ? warning : warning.message;
    if (!text.startsWith('SQLite is an experimental feature')) emitWarning(warning, ...rest);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
