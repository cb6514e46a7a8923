/** What a leg that spills needs of a disk: a queue of messages that outlives the process. */

/** A message as it is kept: bytes, never values. */
export interface StoredMessage extends StoredKey {
  readonly bytes: Uint8Array;
  readonly isText: boolean | undefined;
  /** The name of the marshaller that made the bytes; none where they passed as they were. */
  readonly marshaller: string | undefined;
  /** JSON of the message's meta, with its id. */
  readonly meta: string;
}

export interface StoredKey {
  /** From 1 on, in the order of the queue. */
  readonly id: number;
  /** What it counts against the bound, in bytes. */
  readonly size: number;
}

/** Oldest messages that made room for others. */
export interface Removed {
  readonly messages: number;
  readonly bytes: number;
  /** The newest of them. */
  readonly lastId: number;
}

/**
 * Owned by one leg, which calls nothing from within another call, and nothing after `close`. All calls are
 * synchronous and bounded by what they are given; each may throw an `AraldoError`, has then changed nothing, and is
 * tried again later.
 */
export interface SpillStore {
  /** What was there when it was opened. */
  readonly found: { readonly messages: number; readonly bytes: number; readonly lastId: number };
  /** Keeps all of them or none. When it returns they are on the disk itself, and survive a loss of power. */
  append(batch: readonly StoredMessage[]): void;
  /** The oldest messages after an id: as many as fit both limits, and one at least, however large. */
  read(after: number, limit: { readonly messages: number; readonly bytes: number }): readonly StoredMessage[];
  /** Forgets messages; after a crash, those that were forgotten last may be there again. */
  remove(messages: readonly StoredKey[]): void;
  /** Forgets the oldest messages after an id, until they were `bytes` or more, or none is left. */
  removeOldest(after: number, bytes: number): Removed;
  /** What is kept stays. Must not throw. */
  close(): void;
}
