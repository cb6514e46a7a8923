/** The disk part of a leg, as a file of SQLite: a queue that survives a crash, and can be looked into. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AraldoError } from '../core/errors.ts';
import type { Removed, SpillStore, StoredKey, StoredMessage } from '../core/spill-store.ts';
import { type DiskReserve, diskReserve } from './disk-reserve.ts';
import { damaged, isDiskFull, spillError } from './spill-error.ts';
import { loadSqlite } from './sqlite.ts';

export interface SpillFileOptions {
  /** It is made where there is none, with the folders above it. */
  readonly path: string;
  /** Whose messages it holds. */
  readonly route: string;
  readonly sink: string;
  /** How much is kept free beside it, in bytes; 16 MiB unless given. */
  readonly reserve?: number;
}

/** `ARLD`: what makes a file of SQLite one of ours. */
const APPLICATION_ID = 0x41524c44;
const VERSION = 1;

/** A file with more messages is not examined as a whole before it is used: that takes a second for each GiB. */
const EXAMINED_BYTES: number = 256 * 1024 * 1024;

/** So many removals, then they are synced: as many as that come back after a loss of power. */
const SYNC_AFTER = 1024;

/**
 * Kept free beside the file. On a disk that the file alone has filled nothing could be removed any more: SQLite writes
 * what it removes to its log first, and folds up to 8 MiB of that into the file, which grows by it.
 */
const RESERVE_BYTES: number = 16 * 1024 * 1024;

/** An empty file that is larger, in pages of 4 KiB, gives its space back when it is opened. */
const KEPT_PAGES = 1024;

const SCHEMA = `
  CREATE TABLE leg (
    route TEXT NOT NULL, sink TEXT NOT NULL,
    messages INTEGER NOT NULL, bytes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE message (
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL,
    is_text INTEGER, marshaller TEXT, meta TEXT NOT NULL, payload BLOB NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

/**
 * Opens the file, for this process alone, and keeps it locked until it is closed or the process ends.
 *
 * Throws an `AraldoError`: `spill-locked` when somebody else has it open, `spill-mismatch` when it holds the messages
 * of another leg, `spill-corrupt` when it is damaged or something else, `spill-failed` when it cannot be opened. It is
 * then as it was.
 *
 * @example
 * const store = openSpillFile({ path: 'data/archive.db', route: 'orders', sink: 'archive' });
 */
export function openSpillFile(options: SpillFileOptions): SpillStore {
  const { path, reserve: reserveBytes = RESERVE_BYTES } = options;
  let opened: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const { DatabaseSync } = loadSqlite();
    opened = new DatabaseSync(path);
    const found = prepare(opened, options);
    const reserve = diskReserve(`${path}-reserve`, reserveBytes);
    reserve.take();
    return storeOf(opened, path, found, reserve);
  } catch (thrown) {
    if (opened?.isOpen === true) opened.close();
    throw spillError(thrown, path);
  }
}

/** Makes the file ours, or sees that it is; returns what is in it. */
function prepare(database: DatabaseSync, { path, route, sink }: SpillFileOptions): SpillStore['found'] {
  // Set before it is first read: then the lock is never given up, and no memory is shared with other processes.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const isNew = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isNew && numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new AraldoError(
      'spill-corrupt',
      `${path}: expected a file that a leg has made, found another database; state another path`,
    );
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
  if (isNew) {
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA}`);
    database.prepare('INSERT INTO leg VALUES (?, ?, 0, 0)').run(route, sink);
    database.exec('COMMIT');
  }
  const version = numberOf(database, 'PRAGMA user_version');
  if (version !== VERSION) {
    throw new AraldoError(
      'spill-mismatch',
      `${path}: expected version ${VERSION} of such files, found ${version}`,
    );
  }
  const owner = database.prepare('SELECT route, sink, messages, bytes FROM leg').get();
  if (owner?.['route'] !== route || owner['sink'] !== sink) {
    throw new AraldoError(
      'spill-mismatch',
      `${path}: expected the messages of ${route} → ${sink}, found those of ${String(owner?.['route'])} → ${String(owner?.['sink'])}; ` +
        'state another path, or let that leg send them first',
    );
  }
  const found = {
    messages: Number(owner['messages']),
    bytes: Number(owner['bytes']),
    lastId: numberOf(database, 'SELECT coalesce(max(id), 0) FROM message'),
  };
  if (found.messages === 0) shrink(database);
  else if (found.bytes <= EXAMINED_BYTES) examine(database, path);
  // A lock that was only for reading would let another process in.
  database.exec('BEGIN IMMEDIATE; COMMIT');
  return found;
}

function examine(database: DatabaseSync, path: string): void {
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict === 'ok') return;
  throw damaged(path, String(verdict));
}

function shrink(database: DatabaseSync): void {
  if (numberOf(database, 'PRAGMA page_count') <= KEPT_PAGES) return;
  try {
    database.exec('VACUUM');
  } catch {
    // There is no room for it; the file stays as large as it was.
  }
}

function storeOf(
  database: DatabaseSync,
  path: string,
  found: SpillStore['found'],
  reserve: DiskReserve,
): SpillStore {
  const insert = database.prepare('INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)');
  const select = database.prepare('SELECT * FROM message WHERE id > ? ORDER BY id LIMIT ?');
  const sizes = database.prepare('SELECT id, size FROM message WHERE id > ? ORDER BY id');
  const erase = database.prepare('DELETE FROM message WHERE id BETWEEN ? AND ?');
  const count = database.prepare('UPDATE leg SET messages = messages + ?, bytes = bytes + ?');
  let isSyncing: boolean | undefined;
  /** Since the last transaction that was synced. */
  let removed = 0;

  return { found, append, read, remove, removeOldest, close };

  function append(batch: readonly StoredMessage[]): void {
    transaction(true, () => {
      let bytes = 0;
      for (const { id, size, isText, marshaller, meta, bytes: payload } of batch) {
        insert.run(id, size, isText === undefined ? null : Number(isText), marshaller ?? null, meta, payload);
        bytes += size;
      }
      count.run(batch.length, bytes);
    });
  }

  function read(after: number, limit: { messages: number; bytes: number }): readonly StoredMessage[] {
    return guarded(() => {
      const messages: StoredMessage[] = [];
      let bytes = 0;
      for (const row of select.iterate(after, limit.messages)) {
        const message = messageOf(row as unknown as MessageRow);
        bytes += message.size;
        if (messages.length > 0 && bytes > limit.bytes) break;
        messages.push(message);
      }
      return messages;
    });
  }

  function remove(messages: readonly StoredKey[]): void {
    const isSynced = removed + messages.length >= SYNC_AFTER;
    removing(isSynced, () => {
      for (const [first, last] of rangesOf(messages)) erase.run(first, last);
      count.run(-messages.length, -messages.reduce((sum, { size }) => sum + size, 0));
    });
    removed = (removed + messages.length) % SYNC_AFTER;
  }

  function removeOldest(after: number, bytes: number): Removed {
    return removing(false, () => {
      const removed = { messages: 0, bytes: 0, lastId: after };
      for (const row of sizes.iterate(after)) {
        removed.messages += 1;
        removed.bytes += Number(row['size']);
        removed.lastId = Number(row['id']);
        if (removed.bytes >= bytes) break;
      }
      erase.run(after + 1, removed.lastId);
      count.run(-removed.messages, -removed.bytes);
      return removed;
    });
  }

  function close(): void {
    if (!database.isOpen) return;
    try {
      database.close();
    } catch {
      // What it would still have written is on disk: only the log was not folded into the file.
    }
  }

  /** A transaction that gives room back, and may take the last there is to do so. */
  function removing<T>(isSynced: boolean, work: () => T): T {
    try {
      return transaction(isSynced, work);
    } catch (thrown) {
      if (!isDiskFull((thrown as AraldoError).cause) || !reserve.release()) throw thrown;
      guarded(() => database.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
      return transaction(isSynced, work);
    }
  }

  /** One that is not synced goes to the disk with the next one that is. */
  function transaction<T>(isSynced: boolean, work: () => T): T {
    return guarded(() => {
      if (isSyncing !== isSynced) database.exec(`PRAGMA synchronous = ${isSynced ? 'FULL' : 'NORMAL'}`);
      isSyncing = isSynced;
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (thrown) {
        // SQLite has done so already after most errors of a disk.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw thrown;
      }
    });
  }

  function guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw spillError(thrown, path);
    }
  }
}

interface MessageRow {
  readonly id: number;
  readonly size: number;
  readonly is_text: number | null;
  readonly marshaller: string | null;
  readonly meta: string;
  readonly payload: Uint8Array;
}

function messageOf({ id, size, is_text, marshaller, meta, payload }: MessageRow): StoredMessage {
  return {
    id,
    size,
    isText: is_text === null ? undefined : is_text === 1,
    marshaller: marshaller ?? undefined,
    meta,
    bytes: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
  };
}

/** Neighbours are removed together: most are settled in their order. */
function rangesOf(messages: readonly StoredKey[]): readonly (readonly [first: number, last: number])[] {
  const ids = messages.map(({ id }) => id).sort((one, other) => one - other);
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === id - 1) range[1] = id;
    else ranges.push([id, id]);
  }
  return ranges;
}

function numberOf(database: DatabaseSync, query: string): number {
  return Number(Object.values(database.prepare(query).get() ?? {})[0]);
}
