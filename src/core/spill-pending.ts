/** The messages of a leg that are on their way to disk, the oldest first: unsettled, so bounded by their sources. */
import type { Message } from './message.ts';
import type { Capacity } from './overflow.ts';
import { Ring } from './ring.ts';
import type { Row } from './spill-row.ts';

export interface Pending {
  readonly message: Message;
  readonly row: Row;
}

/** So many messages and bytes in one transaction, then the event loop gets its turn. */
export const BATCH: Capacity = { messages: 512, bytes: 1024 * 1024 };

export class PendingMessages {
  private readonly waiting = new Ring<Pending>();
  private size = 0;

  get length(): number {
    return this.waiting.length;
  }

  get bytes(): number {
    return this.size;
  }

  add(message: Message, row: Row): void {
    this.waiting.push({ message, row });
    this.size += row.size;
  }

  /** Takes the oldest. */
  take(): Pending | undefined {
    const first = this.waiting.shift();
    if (first !== undefined) this.size -= first.row.size;
    return first;
  }

  /** The oldest that go into one transaction, one at least; they stay here. */
  batch(): readonly Pending[] {
    const batch: Pending[] = [];
    let bytes = 0;
    for (const next of this.waiting) {
      bytes += next.row.size;
      if (batch.length > 0 && (batch.length === BATCH.messages || bytes > BATCH.bytes)) break;
      batch.push(next);
    }
    return batch;
  }

  [Symbol.iterator](): Iterator<Pending> {
    return this.waiting[Symbol.iterator]();
  }
}
