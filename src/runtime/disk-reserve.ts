/** Room on a disk that is kept for the moment at which there is none left: to delete takes room, too. */
import { closeSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';

export interface DiskReserve {
  /** Takes the room, unless it is taken; where there is too little, it goes without. */
  take(): void;
  /** Gives it to whoever needs it now. `false` when there was none. */
  release(): boolean;
}

const CHUNK = 1024 * 1024;

/** @param path of a file that stands for the room; of as many bytes, and no longer there once it is released */
export function diskReserve(path: string, bytes: number): DiskReserve {
  return { take, release };

  function take(): void {
    if (bytes === 0) return;
    if (statSync(path, { throwIfNoEntry: false })?.size === bytes) return;
    try {
      write();
    } catch {
      release();
    }
  }

  function write(): void {
    const file = openSync(path, 'w');
    try {
      // Written, for a file that is only made long takes no room.
      const chunk = Buffer.alloc(CHUNK);
      for (let left = bytes; left > 0; ) left -= writeSync(file, chunk, 0, Math.min(left, CHUNK));
    } finally {
      closeSync(file);
    }
  }

  function release(): boolean {
    try {
      unlinkSync(path);
      return true;
    } catch {
      return false;
    }
  }
}
