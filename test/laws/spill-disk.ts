// A disk for the laws of spilling legs: it tells what is synced from what a loss of power takes, and breaks to order.

import type { Removed, SpillStore, StoredKey, StoredMessage } from '../../src/core/spill-store.ts';

export type Broken = 'append' | 'read' | 'remove';

export interface SpillDisk {
  /** What is there, as this life sees it. */
  readonly rows: readonly StoredMessage[];
  /** What a loss of power leaves, whatever else was done. */
  readonly synced: readonly StoredMessage[];
  readonly isSound: boolean;
  /** The store of one life. Any store before it is closed for good. */
  open(): SpillStore;
  break(what: Broken): void;
  mend(): void;
  /** The next append ends the process: before it has written anything, or when all is synced. */
  crashAtAppend(when: 'before' | 'after'): void;
  /** A loss of power: of what was not synced, `kept` operations are there all the same. */
  losePower(kept: number): void;
}

/** So many removals, then they are synced. */
const SYNC_AFTER = 8;

/** @param crash ends the life that runs */
export function createSpillDisk(crash: () => void): SpillDisk {
  let synced: readonly StoredMessage[] = [];
  /** All states since the last sync, the newest last. */
  let states: (readonly StoredMessage[])[] = [[]];
  let removals = 0;
  let broken: Broken | undefined;
  let crashing: 'before' | 'after' | undefined;
  let opened = 0;

  const current = (): readonly StoredMessage[] => states.at(-1) as readonly StoredMessage[];
  const sync = (rows: readonly StoredMessage[]): void => {
    synced = rows;
    states = [rows];
    removals = 0;
  };
  const without = (ids: ReadonlySet<number>): void => {
    const rows = current().filter(({ id }) => !ids.has(id));
    removals += ids.size;
    if (removals >= SYNC_AFTER) sync(rows);
    else states.push(rows);
  };

  const open = (): SpillStore => {
    opened += 1;
    const life = opened;
    crashing = undefined;
    const check = (what: Broken): void => {
      if (life !== opened) throw new Error('this store is closed');
      if (broken === what) throw new Error(`the disk cannot ${what}`);
    };
    return {
      found: {
        messages: current().length,
        bytes: current().reduce((sum, { size }) => sum + size, 0),
        lastId: current().at(-1)?.id ?? 0,
      },
      append(batch) {
        check('append');
        if (crashing !== 'before') sync([...current(), ...batch]);
        if (crashing === undefined) return;
        opened += 1;
        crash();
        throw new Error('the process is gone');
      },
      read(after, limit) {
        check('read');
        const found: StoredMessage[] = [];
        let bytes = 0;
        for (const row of current()) {
          if (row.id <= after) continue;
          bytes += row.size;
          if (found.length > 0 && (found.length === limit.messages || bytes > limit.bytes)) break;
          found.push(row);
        }
        return found;
      },
      remove(keys: readonly StoredKey[]) {
        check('remove');
        without(new Set(keys.map(({ id }) => id)));
      },
      removeOldest(after, bytes): Removed {
        check('remove');
        const gone: StoredMessage[] = [];
        let size = 0;
        for (const row of current()) {
          if (row.id <= after || size >= bytes) continue;
          gone.push(row);
          size += row.size;
        }
        without(new Set(gone.map(({ id }) => id)));
        return { messages: gone.length, bytes: size, lastId: gone.at(-1)?.id ?? after };
      },
      close() {
        if (life === opened) opened += 1;
      },
    };
  };

  return {
    get rows() {
      return current();
    },
    get synced() {
      return synced;
    },
    get isSound() {
      return broken === undefined;
    },
    open,
    break(what) {
      broken = what;
    },
    mend() {
      broken = undefined;
    },
    crashAtAppend(when) {
      crashing = when;
    },
    losePower(kept) {
      sync(states[Math.min(kept, states.length - 1)] as readonly StoredMessage[]);
    },
  };
}
