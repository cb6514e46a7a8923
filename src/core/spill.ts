/** The part of a leg that is on disk: what its memory has no room for, and all that comes behind that. */
import type { SchedulerLike, Subscription } from 'rxjs';
import { AraldoError } from './errors.ts';
import { jitteredPause } from './jitter.ts';
import type { Holder, Message, Valve } from './message.ts';
import type { Capacity } from './overflow.ts';
import { BATCH, type Pending, PendingMessages } from './spill-pending.ts';
import { ReturnedMessages, type ReturnedOptions } from './spill-returned.ts';
import { type Row, rowOf } from './spill-row.ts';
import type { SpillStore } from './spill-store.ts';

/** What a full disk part does. */
export const spillThens = ['pause', 'drop-oldest', 'drop-newest', 'error'] as const;
export type SpillThen = (typeof spillThens)[number];

export interface SpillOptions extends ReturnedOptions {
  readonly store: SpillStore;
  /** The most bytes on disk, of payloads with their meta. One message always fits, however large. */
  readonly max: number;
  readonly then: SpillThen;
  readonly scheduler: SchedulerLike;
  /** From [0, 1). `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
  /** The disk cannot be used: nothing is acked from now on, until `onRecovered`. */
  readonly onFailing?: ((error: AraldoError) => void) | undefined;
  readonly onRecovered?: (() => void) | undefined;
}

/** The leg as its disk part sees it. */
export interface SpillingLeg extends Holder {
  /** How much its memory still takes; it is full where one of both is 0 or less. */
  room(): Capacity;
  /** Takes a message into memory, behind those that are there. */
  enter(message: Message): void;
  /** Counts messages that were not offered: left by a former run, or to be tried again. */
  received(count: number): void;
  discarded(reason: string): void;
  refuse(message: Message, error: AraldoError): void;
  hold(valve: Valve): void;
  letGo(): void;
}

/** While more than this is settled and still on disk, nothing is read: it bounds what a crash repeats. */
const MAX_UNREMOVED = 1024;

const PAUSE = { minMs: 50, maxMs: 4_000 };

/**
 * In order, the oldest first: what the leg has in memory, what is on disk and unread, what is pending. Messages come
 * here from when the memory is full until all of them are in memory again, or order would break. What is pending is
 * written once a turn and acked when it is synced. What is read back is settled here, which takes it off the disk.
 *
 * While the disk fails nothing is acked, the sources of what is offered are held, and it is tried again with pauses.
 */
export class Spill implements Valve {
  /** Messages written to disk. */
  spilled = 0;
  /** Messages that a former run had left. */
  readonly restored: number;
  /** Why the disk cannot be used now. */
  failing: AraldoError | undefined;
  private readonly options: SpillOptions;
  private readonly leg: SpillingLeg;
  private readonly store: SpillStore;
  private readonly pending = new PendingMessages();
  private readonly returned: ReturnedMessages;
  /** On disk and not read: those after `readThrough`. */
  private unread: number;
  private readThrough = 0;
  private lastId: number;
  private size: number;
  /** Under `pause`: it was full, and is not half empty yet. */
  private isFull = false;
  private readonly holders = new Set<Holder>();
  private failures = 0;
  private cannotRead = false;
  private isDraining = false;
  private isClosed = false;
  /** The next turn's work for the disk, or the next try after a failure. */
  private writing: Subscription | undefined;

  constructor(options: SpillOptions, leg: SpillingLeg) {
    const { messages, bytes, lastId } = options.store.found;
    this.options = options;
    this.leg = leg;
    this.store = options.store;
    this.returned = new ReturnedMessages(options, {
      hold: (holder) => this.hold(holder),
      release: (holder) => this.release(holder),
      gone: (size) => this.shrink(size),
      again: () => {
        leg.received(1);
        this.scheduleWriting();
      },
    });
    this.restored = messages;
    this.unread = messages;
    this.size = bytes;
    this.lastId = lastId;
    leg.received(messages);
  }

  /** Whether the disk works and has room for more. */
  get hasRoom(): boolean {
    return this.failing === undefined && !this.isFull && this.used < this.options.max;
  }

  /** What the leg is answerable for and has not in its memory. */
  get waiting(): number {
    return this.unread + this.pending.length + this.returned.repeated.length;
  }

  /** How many of the messages that the leg is answerable for are on disk. */
  get safe(): number {
    return this.unread + this.returned.inLeg;
  }

  /** Messages on disk. */
  get messages(): number {
    return this.unread + this.returned.length;
  }

  /** What counts against the bound, in bytes. */
  get bytes(): number {
    return this.size;
  }

  /** Takes over the obligation of a message, unless it may stay in memory. */
  take(offered: Message): boolean {
    const isUsed = this.unread > 0 || this.pending.length > 0;
    if (!isUsed && isRoom(this.leg.room())) return false;
    // It may stay for long where the disk fails.
    const message = offered.unpinned();
    const row = this.rowOf(message);
    if (row === undefined || !this.admits(message, row.size)) return true;
    this.pending.add(message, row);
    if (this.options.then === 'pause' && this.used >= this.options.max) this.isFull = true;
    if (this.isFull || this.failing !== undefined) this.leg.hold(message.origin.valve);
    this.scheduleWriting();
    return true;
  }

  /** The leg has room: gives it the oldest of what is here. */
  refill(): void {
    if (this.isDraining || this.isClosed || this.holders.size > 0) return;
    const { repeated } = this.returned;
    for (let again = repeated.shift(); again !== undefined; again = repeated.shift()) this.leg.enter(again);
    if (this.unread > 0) this.readBack();
    else this.recall();
  }

  /** Reads nothing more: what is on disk stays there. */
  drain(): void {
    this.isDraining = true;
  }

  /** Writes what is pending, if it can be written, and gives the rest back to its sources. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.writing?.unsubscribe();
    try {
      this.remove();
      while (this.pending.length > 0) this.append();
    } catch (thrown) {
      this.failing = AraldoError.from(thrown, 'spill-failed');
    }
    for (let left = this.pending.take(); left !== undefined; left = this.pending.take()) {
      this.leg.discarded('closed');
      left.message.nack();
    }
    this.store.close();
  }

  hold(holder: Holder): void {
    this.holders.add(holder);
  }

  release(holder: Holder): void {
    if (this.holders.delete(holder)) this.refill();
  }

  private get used(): number {
    return this.size + this.pending.bytes;
  }

  private rowOf(message: Message): Row | undefined {
    try {
      return rowOf(message);
    } catch (thrown) {
      this.leg.refuse(message, AraldoError.from(thrown, 'unmarshallable-payload'));
      return undefined;
    }
  }

  /** Whether there is a place for so many bytes more; if not, `then` has decided about the message. */
  private admits(message: Message, size: number): boolean {
    const { then, max } = this.options;
    if (then === 'pause' || then === 'drop-oldest' || this.used === 0 || this.used + size <= max) return true;
    if (then === 'drop-newest') {
      this.leg.discarded('drop-newest');
      message.ack();
    } else {
      this.leg.refuse(message, new AraldoError('leg-full', `the disk part of ${this.leg.name} is full`));
    }
    return false;
  }

  private scheduleWriting(delayMs = 0): void {
    if (this.isClosed || this.writing !== undefined) return;
    this.writing = this.options.scheduler.schedule(() => {
      this.writing = undefined;
      this.write();
    }, delayMs);
  }

  private write(): void {
    const hadFailed = this.failing !== undefined;
    this.cannotRead = false;
    try {
      this.remove();
      this.append();
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    this.refill();
    if (this.cannotRead) return;
    if (hadFailed) this.recover();
    if (this.pending.length > 0) this.scheduleWriting();
    else this.failures = 0;
  }

  private remove(): void {
    this.returned.removeBy((keys) => this.store.remove(keys));
  }

  private append(): void {
    if (this.options.then === 'drop-oldest') this.makeRoom();
    const batch = this.pending.batch();
    if (batch.length === 0) return;
    this.store.append(batch.map(({ row }, place) => ({ ...row, id: this.lastId + 1 + place })));
    this.lastId += batch.length;
    this.unread += batch.length;
    this.spilled += batch.length;
    for (const { row } of batch) {
      this.pending.take();
      this.size += row.size;
    }
    // From here on a crash loses none of them.
    for (const { message } of batch) {
      message.origin.confirmed?.();
      message.ack();
    }
  }

  /** Gives up the oldest: first of what is on disk and was not read, then of what is pending. */
  private makeRoom(): void {
    let over = this.used - this.options.max;
    if (over > 0 && this.unread > 0) {
      const removed = this.store.removeOldest(this.readThrough, over);
      this.readThrough = removed.lastId;
      this.unread -= removed.messages;
      this.size -= removed.bytes;
      over -= removed.bytes;
      for (let left = removed.messages; left > 0; left -= 1) this.leg.discarded('drop-oldest');
    }
    while (over > 0 && this.pending.length > 1) {
      const { message, row } = this.pending.take() as Pending;
      over -= row.size;
      this.leg.discarded('drop-oldest');
      message.ack();
    }
  }

  private readBack(): void {
    const room = this.leg.room();
    if (this.cannotRead || this.returned.unremoved >= MAX_UNREMOVED || !isRoom(room)) return;
    const messages = Math.min(room.messages, BATCH.messages);
    try {
      const rows = this.store.read(this.readThrough, { messages, bytes: Math.min(room.bytes, BATCH.bytes) });
      if (rows.length === 0) {
        throw new AraldoError('spill-corrupt', `expected ${this.unread} messages on disk, found none`);
      }
      for (const row of rows) {
        this.readThrough = row.id;
        this.unread -= 1;
        this.leg.enter(this.returned.add(row));
      }
    } catch (thrown) {
      this.cannotRead = true;
      this.fail(thrown);
    }
  }

  /** Nothing on disk waits: what was on its way there goes to memory, as far as there is room. */
  private recall(): void {
    while (this.pending.length > 0 && isRoom(this.leg.room())) {
      this.leg.enter((this.pending.take() as Pending).message);
    }
    this.letGo();
  }

  private shrink(size: number): void {
    this.size -= size;
    this.letGo();
    this.scheduleWriting();
  }

  /** Lets the sources go, unless the disk fails, or was full and is not half empty yet. */
  private letGo(): void {
    if (this.isFull && this.used > this.options.max / 2) return;
    this.isFull = false;
    if (this.failing === undefined) this.leg.letGo();
  }

  private fail(thrown: unknown): void {
    const error = AraldoError.from(thrown, 'spill-failed');
    const isNew = this.failing === undefined;
    this.failing = error;
    this.failures += 1;
    for (const { message } of this.pending) this.leg.hold(message.origin.valve);
    this.writing?.unsubscribe();
    this.writing = undefined;
    this.scheduleWriting(jitteredPause(PAUSE, this.failures, this.options.random));
    if (isNew) this.options.onFailing?.(error);
  }

  private recover(): void {
    this.failing = undefined;
    this.letGo();
    this.options.onRecovered?.();
  }
}

function isRoom({ messages, bytes }: Capacity): boolean {
  return messages > 0 && bytes > 0;
}
