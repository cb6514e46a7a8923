/** A disk for the legs that spill: it is there again after a crash, and can be full. */
import { AraldoError } from '../core/errors.ts';
import type { Removed, SpillStore, StoredMessage } from '../core/spill-store.ts';

export interface ModelledDisk {
  /** The store of one life, with what is on the disk; a former life's is closed for good. */
  open(): SpillStore;
  /** From now on nothing can be written, until `repair`. */
  fail(): void;
  repair(): void;
}

/** Synced with every append, so that a crash loses nothing of it. Bounded by what a test sends. */
export function createModelledDisk(name: string): ModelledDisk {
  let messages: StoredMessage[] = [];
  let isFailing = false;
  let opened = 0;

  const open = (): SpillStore => {
    opened += 1;
    const life = opened;
    const check = (): void => {
      if (life !== opened)
        throw new AraldoError('spill-failed', `the disk of ${name} belongs to another life`);
      if (isFailing) throw new AraldoError('spill-failed', `the disk of ${name} is full`);
    };
    return {
      found: {
        messages: messages.length,
        bytes: messages.reduce((sum, { size }) => sum + size, 0),
        lastId: messages.at(-1)?.id ?? 0,
      },
      append(batch) {
        check();
        messages.push(...batch);
      },
      read(after, limit) {
        check();
        const found: StoredMessage[] = [];
        let bytes = 0;
        for (const message of messages) {
          if (message.id <= after) continue;
          bytes += message.size;
          if (found.length >= limit.messages || (found.length > 0 && bytes > limit.bytes)) break;
          found.push(message);
        }
        return found;
      },
      remove(keys) {
        check();
        const gone = new Set(keys.map(({ id }) => id));
        messages = messages.filter(({ id }) => !gone.has(id));
      },
      removeOldest(after, bytes): Removed {
        check();
        const removed = { messages: 0, bytes: 0, lastId: after };
        for (const { id, size } of messages) {
          if (id <= after) continue;
          removed.messages += 1;
          removed.bytes += size;
          removed.lastId = id;
          if (removed.bytes >= bytes) break;
        }
        messages = messages.filter(({ id }) => id <= after || id > removed.lastId);
        return removed;
      },
      close: () => undefined,
    };
  };

  return {
    open,
    fail() {
      isFailing = true;
    },
    repair() {
      isFailing = false;
    },
  };
}
