/** The messages that wait in a leg: first in, first out, bounded, with an overflow policy. */
import type { Message } from './message.ts';
import { type Capacity, isKeyed, type Overflow } from './overflow.ts';
import { Ring } from './ring.ts';

export interface BacklogOptions {
  readonly overflow: Overflow;
  readonly capacity: Capacity;
  /** What `latest` and `sample` keep one value of; `meta.key` unless given. It must not throw. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Told of each message that the policy gives up after it was accepted. */
  readonly onDrop: (message: Message, reason: string) => void;
}

/** What became of a message offered: kept, or refused because the policy has no room for it. */
export type Admission = 'kept' | 'refused';

interface Waiting {
  message: Message;
  /** Its size when it came: a payload may be decoded meanwhile, and bounds must add up. */
  size: number;
  readonly key: unknown;
}

export class Backlog {
  /** The most messages that ever waited. */
  peak = 0;
  private readonly options: BacklogOptions;
  private readonly waiting = new Ring<Waiting>();
  /** Under `sample`: how many of the oldest may be sent. The others came in this period. */
  due = 0;
  /** Under `latest` and `sample`: the entry that waits for each key. As many as wait, so bounded with them. */
  private readonly latest: Map<unknown, Waiting> | undefined;
  private size = 0;

  constructor(options: BacklogOptions) {
    this.options = options;
    this.latest = isKeyed(options.overflow) ? new Map<unknown, Waiting>() : undefined;
  }

  get length(): number {
    return this.waiting.length;
  }

  get bytes(): number {
    return this.size;
  }

  get isFull(): boolean {
    const { messages, bytes } = this.options.capacity;
    return this.waiting.length >= messages || this.size >= bytes;
  }

  /** How much more it takes until it is full. */
  get room(): Capacity {
    const { messages, bytes } = this.options.capacity;
    return { messages: messages - this.waiting.length, bytes: bytes - this.size };
  }

  /** At most half full in both bounds: the mark at which a leg lets its sources go. */
  get isLow(): boolean {
    const { messages, bytes } = this.options.capacity;
    return this.waiting.length <= messages >> 1 && this.size <= bytes / 2;
  }

  /** Takes a message, if need be in place of others. `pause` takes any: what was admitted must be kept. */
  add(offered: Message): Admission {
    const { overflow } = this.options;
    const message = offered.unpinned();
    const size = message.size;
    if (this.latest !== undefined) return this.addLatest(message, size, this.latest);
    if (overflow === 'drop-newest' || overflow === 'error') {
      if (!this.fits(size)) return 'refused';
    }
    this.push({ message, size, key: undefined });
    if (overflow === 'drop-oldest') this.dropOldest();
    return 'kept';
  }

  /** Takes the oldest. */
  take(): Message | undefined {
    const first = this.waiting.shift();
    if (first === undefined) return undefined;
    this.size -= first.size;
    if (this.latest !== undefined) {
      this.latest.delete(first.key);
      if (this.due > 0) this.due -= 1;
    }
    return first.message;
  }

  /** Under `sample`, the end of a period: all that waits may be sent. */
  passPeriod(): void {
    this.due = this.waiting.length;
  }

  /**
   * Puts back what the sink had taken and did not confirm, the newest first; `trim` follows. What comes back
   * is older than what waits, and under `latest` it is superseded by what waits with its key. Under `sample` it may be
   * sent again at once: its period was over before.
   */
  putBack(message: Message): void {
    const size = message.size;
    if (this.latest === undefined) return this.unshift({ message, size, key: undefined });
    const key = this.keyOf(message);
    if (this.latest.has(key)) return this.options.onDrop(message, 'superseded');
    const entry = { message, size, key };
    this.latest.set(key, entry);
    this.unshift(entry);
    this.due += 1;
  }

  /**
   * Lets the policy decide about what was put back as if it had never left. Under `pause` and `error` it was
   * admitted, and is kept.
   */
  trim(): void {
    const { overflow } = this.options;
    if (overflow === 'drop-newest') {
      while (this.isOver) this.drop(this.waiting.pop(), 'drop-newest');
    } else if (overflow === 'drop-oldest' || this.latest !== undefined) {
      this.dropOldest();
    }
    if (this.waiting.length > this.peak) this.peak = this.waiting.length;
  }

  /** Takes everything, the oldest first. */
  *takeAll(): Generator<Message> {
    for (let message = this.take(); message !== undefined; message = this.take()) yield message;
  }

  private addLatest(message: Message, size: number, latest: Map<unknown, Waiting>): Admission {
    const key = this.keyOf(message);
    const older = latest.get(key);
    if (older === undefined) {
      const entry = { message, size, key };
      latest.set(key, entry);
      this.push(entry);
    } else {
      this.size += size - older.size;
      const superseded = older.message;
      older.message = message;
      older.size = size;
      this.options.onDrop(superseded, 'superseded');
    }
    this.dropOldest();
    return 'kept';
  }

  private keyOf(message: Message): unknown {
    return this.options.key === undefined ? message.meta.key : this.options.key(message);
  }

  /** Whether more waits than may; one message always fits, however large. */
  private get isOver(): boolean {
    const { messages, bytes } = this.options.capacity;
    return this.waiting.length > messages || (this.size > bytes && this.waiting.length > 1);
  }

  private fits(size: number): boolean {
    const { messages, bytes } = this.options.capacity;
    return this.waiting.length === 0 || (this.waiting.length < messages && this.size + size <= bytes);
  }

  private dropOldest(): void {
    while (this.isOver) {
      const oldest = this.take();
      if (oldest !== undefined) this.options.onDrop(oldest, 'drop-oldest');
    }
  }

  private drop(entry: Waiting | undefined, reason: string): void {
    if (entry === undefined) return;
    this.size -= entry.size;
    this.options.onDrop(entry.message, reason);
  }

  private push(entry: Waiting): void {
    this.waiting.push(entry);
    this.size += entry.size;
    const kept = Math.min(this.waiting.length, this.peakBound());
    if (kept > this.peak) this.peak = kept;
  }

  private unshift(entry: Waiting): void {
    this.waiting.unshift(entry);
    this.size += entry.size;
  }

  /** Dropping the oldest happens right after a push: the message too many never counts as waiting. */
  private peakBound(): number {
    const isDropping = this.options.overflow === 'drop-oldest' || this.latest !== undefined;
    return isDropping ? this.options.capacity.messages : Number.POSITIVE_INFINITY;
  }
}
