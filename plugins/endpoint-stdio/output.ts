/** Standard output, a line for each message: one write at a time, and what comes meanwhile is the next one. */
import { write as writeTo } from 'node:fs';
import type { SchedulerLike } from 'rxjs';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import { createLineBatch, type TakenLines } from '../../src/newline/line-batch.ts';

export interface OutputOptions {
  /** A file descriptor. */
  readonly to: number;
  readonly scheduler: SchedulerLike;
  readonly onWritable: () => void;
  /** A write has failed: nothing of it is confirmed, and `reset` is to follow. */
  readonly onError: (error: NodeJS.ErrnoException) => void;
}

export interface Output {
  readonly isWritable: boolean;
  /** Nobody will ever read it again. */
  readonly isClosed: boolean;
  /** Throws an `AraldoError` (`sink-rejected`) for what is no line. */
  write(message: Message, ticket: number, sender: Sender): void;
  /** Resolves when the kernel has all that was written, or never will. */
  flushed(): Promise<void> | undefined;
  /** Forgets what was not written. */
  reset(): void;
}

/** What may wait for the write under way, in bytes. */
const MOST_BYTES = 1024 * 1024;

/** A pipe that somebody has set to non-blocking says when it is full: it is tried again after this. */
const TRY_AGAIN_MS = 5;

/**
 * `process.stdout` would write to pipes on the thread of the event loop, and stand still with a reader that does; this
 * writes on a thread of its own.
 */
export function createOutput({ to, scheduler, onWritable, onError }: OutputOptions): Output {
  let batch = createLineBatch();
  let isScheduled = false;
  let isWriting = false;
  let isFull = false;
  let isClosed = false;
  /** Counts resets: a write that ends after one is nobody's any more. */
  let epoch = 0;
  /** As many as there are callers of `flushed` that wait. */
  let waiting: (() => void)[] = [];

  return {
    get isWritable() {
      return !isFull && !isClosed;
    },
    get isClosed() {
      return isClosed;
    },
    write(message, ticket, sender) {
      batch.add(message, ticket, sender);
      if (batch.bytes >= MOST_BYTES) isFull = true;
      if (isScheduled || isWriting) return;
      isScheduled = true;
      scheduler.schedule(() => {
        isScheduled = false;
        begin();
      });
    },
    flushed() {
      if (!isWriting && batch.bytes === 0) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    },
    reset() {
      epoch += 1;
      batch = createLineBatch();
      isFull = false;
      flush();
    },
  };

  function begin(): void {
    if (isWriting) return;
    if (batch.bytes === 0) return flush();
    isWriting = true;
    const taken = batch.take();
    writeRest(taken, 0, epoch);
    if (!isFull) return;
    isFull = false;
    onWritable();
  }

  function writeRest(taken: TakenLines, from: number, ownEpoch: number): void {
    writeTo(to, taken.bytes, from, taken.bytes.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        scheduler.schedule(() => writeRest(taken, from, ownEpoch), TRY_AGAIN_MS);
        return;
      }
      if (error === null && from + written < taken.bytes.length) {
        writeRest(taken, from + written, ownEpoch);
        return;
      }
      isWriting = false;
      if (error?.code === 'EPIPE') isClosed = true;
      if (ownEpoch === epoch) {
        if (error === null) taken.confirm();
        else return onError(error);
      }
      begin();
    });
  }

  function flush(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }
}
