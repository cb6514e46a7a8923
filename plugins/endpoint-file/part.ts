/** One file of those that have stood under the path: how far it is read, and what of it is unsettled. */
import type { FileHandle } from 'node:fs/promises';
import type { Lane } from '../../src/core/lane.ts';
import type { Line, LineSplitter } from '../../src/newline/line-splitter.ts';

export interface PartOptions {
  readonly handle: FileHandle;
  readonly ino: number;
  readonly ordinal: number;
  /** Cumulative: the position of a line is where it ends. */
  readonly lane: Lane;
  readonly lines: LineSplitter;
  /** Where reading begins. */
  readonly from: number;
}

export interface Part extends Omit<PartOptions, 'from'> {
  /** All before it is settled. */
  readonly offset: number;
  /** Messages of it. */
  unsettled: number;
  /** The path leads to another file. */
  isRotated: boolean;
  /** It is read to its end. */
  isOver: boolean;
  /** The next line, while the gate is open. */
  next(): Line | undefined;
  /** `cut`: there is less of it than was read. */
  readMore(): Promise<'more' | 'end' | 'cut'>;
}

const READ_BYTES = 64 * 1024;

export function filePart({ handle, ino, ordinal, lane, lines, from }: PartOptions): Part {
  let readTo = from;
  return {
    handle,
    ino,
    ordinal,
    lane,
    lines,
    unsettled: 0,
    isRotated: false,
    isOver: false,
    get offset() {
      return lane.floor?.floor ?? from;
    },
    next: () => (lane.isPaused ? undefined : lines.next()),
    async readMore() {
      const { size } = await handle.stat();
      if (size < readTo) return 'cut';
      if (size === readTo) return 'end';
      // Lines are parts of it, and may live longer than what is read next.
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, size - readTo));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, readTo);
      readTo += bytesRead;
      lines.push(buffer.subarray(0, bytesRead));
      return 'more';
    },
  };
}
