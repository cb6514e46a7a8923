/** Appends to a file: what comes while a write is under way is the next write, and is synced with it. */
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { SinkTransport } from '../../src/core/sink.ts';
import type { Port } from '../../src/core/transport.ts';
import { createLineBatch } from '../../src/newline/line-batch.ts';
import { putAside } from './put-aside.ts';

export interface AppenderOptions {
  readonly path: string;
  /** Whether a batch is on the disk before it is confirmed. */
  readonly syncs: boolean;
  readonly rotate:
    | { readonly bytes: number | undefined; readonly everyMs: number | undefined; readonly keep: number }
    | undefined;
  /** How often it is looked whether the path still leads to the file that is open. */
  readonly lookEveryMs: number;
  readonly scheduler: SchedulerLike;
}

export interface Appender extends SinkTransport {
  readonly isOpen: boolean;
  /** Closed meanwhile, it stays so. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** What may wait for the write under way, in bytes. */
const MOST_BYTES = 1024 * 1024;

const LF = 0x0a;

/** The file as it is open. */
interface Opened {
  readonly handle: FileHandle;
  readonly dev: number;
  readonly ino: number;
  readonly since: number;
  size: number;
  lookedAt: number;
}

export function createAppender(
  { path, syncs, rotate, lookEveryMs, scheduler }: AppenderOptions,
  port: Port,
): Appender {
  let batch = createLineBatch();
  let file: Opened | undefined;
  let isScheduled = false;
  let isFull = false;
  /** The writes under way; they end by themselves when nothing waits. */
  let writing: Promise<void> | undefined;
  /** Counts how often it was closed: a write that ends after that is nobody's any more. */
  let epoch = 0;

  return {
    get isOpen() {
      return file !== undefined;
    },
    async open() {
      const own = epoch;
      batch = createLineBatch();
      isFull = false;
      const opened = await begin().catch((thrown: unknown) => {
        throw failure('connect-failed', thrown);
      });
      if (own !== epoch) return opened.handle.close();
      file = opened;
    },
    isWritable: () => file !== undefined && !isFull,
    write(message, ticket, sender) {
      batch.add(message, ticket, sender);
      if (batch.bytes >= MOST_BYTES) isFull = true;
      schedule();
      return false;
    },
    async flush() {
      if (batch.bytes > 0) start();
      await writing;
    },
    async close() {
      epoch += 1;
      const { handle } = file ?? {};
      file = undefined;
      await writing;
      await handle?.close();
    },
  };

  function schedule(): void {
    if (isScheduled || writing !== undefined) return;
    isScheduled = true;
    scheduler.schedule(() => {
      isScheduled = false;
      start();
    });
  }

  function start(): void {
    if (writing !== undefined || file === undefined) return;
    const own = epoch;
    writing = writeAll(own)
      .catch((thrown: unknown) => {
        if (own === epoch) port.broken(failure('connection-lost', thrown));
      })
      .finally(() => {
        writing = undefined;
      });
  }

  async function writeAll(own: number): Promise<void> {
    const goesOn = (): boolean => own === epoch && batch.bytes > 0;
    while (goesOn() && file !== undefined) {
      const taken = batch.take();
      if (isFull) {
        isFull = false;
        port.writable();
      }
      if (isDue(file, taken.bytes.length)) {
        const next = await beginAnew(file, () => putAside(path, rotate?.keep ?? 1));
        if (own !== epoch) return next.handle.close();
        file = next;
      } else if (await isAway(file)) {
        const next = await beginAnew(file);
        if (own !== epoch) return next.handle.close();
        file = next;
      }
      // Of a file that is closed meanwhile, the rest is not written: it is sent again.
      await append(file, taken.bytes);
      // What is in a file that was deleted while it was written is nowhere.
      if (syncs && own === epoch && (await isDeleted(file))) {
        const next = await beginAnew(file);
        if (own !== epoch) return next.handle.close();
        file = next;
        await append(file, taken.bytes);
      }
      if (own === epoch) taken.confirm();
    }
  }

  async function append(to: Opened, bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      const { bytesWritten } = await to.handle.write(bytes, from);
      from += bytesWritten;
    }
    if (syncs) await to.handle.datasync();
    to.size += bytes.length;
  }

  async function beginAnew({ handle }: Opened, between?: () => Promise<void>): Promise<Opened> {
    await handle.close();
    await between?.();
    return begin();
  }

  /** Whether another program has renamed or deleted the file, or put another one in its place. */
  async function isAway(opened: Opened): Promise<boolean> {
    if (scheduler.now() - opened.lookedAt < lookEveryMs) return false;
    opened.lookedAt = scheduler.now();
    const now = await stat(path).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return undefined;
      throw thrown;
    });
    return now?.ino !== opened.ino || now.dev !== opened.dev;
  }

  async function isDeleted({ handle }: Opened): Promise<boolean> {
    return (await handle.stat()).nlink === 0;
  }

  function isDue({ size, since }: Opened, more: number): boolean {
    if (rotate === undefined || size === 0) return false;
    if (rotate.bytes !== undefined && size + more > rotate.bytes) return true;
    return rotate.everyMs !== undefined && scheduler.now() - since >= rotate.everyMs;
  }

  async function begin(): Promise<Opened> {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a+');
    try {
      const { size, birthtimeMs, mtimeMs, dev, ino } = await handle.stat();
      const isEmpty = size === 0;
      // What a crash has cut off must not become one line with what follows.
      const isTorn = !isEmpty && (await lastByte(handle, size)) !== LF;
      if (isTorn) await handle.write('\n');
      if (isEmpty && syncs) await syncFolder(path);
      const now = scheduler.now();
      const since = isEmpty ? now : Math.min(birthtimeMs || mtimeMs, now);
      return { handle, dev, ino, since, size: isTorn ? size + 1 : size, lookedAt: now };
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  function failure(code: 'connect-failed' | 'connection-lost', thrown: unknown): AraldoError {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new AraldoError(code, `could not append to ${path}: ${text}`, { cause: thrown });
  }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0];
}

/** The name of a new file is on the disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}
