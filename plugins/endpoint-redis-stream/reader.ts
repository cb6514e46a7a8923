/** Reads for one session: first what this consumer had and did not ack, then what is new, as much as the window takes. */
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { formatDuration } from '../../src/options/duration.ts';
import type { Entry, Group, Pending } from './group.ts';

/** So much is asked for at once, as far as the size of the last entries can tell. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_ENTRIES = 1_024;

/** Asked anew so often, as a sign of life; one that waits longer learns late that its stream is gone. */
const LONGEST_BLOCK_MS = 5_000;

export interface ReaderOptions {
  readonly group: Group;
  readonly scheduler: SchedulerLike;
  readonly claimAfterMs: number;
  readonly pingMs: number;
  readonly pongMs: number;
  /** How many messages more the window takes, without those that are asked for. */
  readonly room: () => number;
  /** Whether an entry is here and unsettled. */
  readonly isHeld: (id: string) => boolean;
  readonly held: () => Iterable<string>;
  /** Takes an entry over. Its size in bytes is returned. */
  readonly onEntry: (entry: Entry) => number;
  /** Redis refuses to be read, or does not answer: nothing more is read. Once. A connection that ends tells so itself. */
  readonly onFailed: (thrown: unknown) => void;
}

export interface Reader {
  start(): void;
  pause(): void;
  resume(): void;
  /** There may be more room now. Cheap, and called for every settled message. */
  settled(): void;
  /** Delivers one more time, as a redelivery that Redis counts. */
  again(pending: Pending): void;
  /** Takes nothing over any more. Idempotent. */
  stop(): void;
}

/**
 * Two lines to Redis: one waits for what is new, the other takes over what is pending. Both take over no more than there
 * was room for when they asked.
 */
export function createReader(options: ReaderOptions): Reader {
  const { group, scheduler, claimAfterMs, pingMs, pongMs, room, isHeld, held, onEntry, onFailed } = options;
  const blockMs = Math.max(1, Math.min(pingMs, LONGEST_BLOCK_MS));
  /** Nacked, and to be delivered again: each had a place in the window, which bounds them. */
  let nacked: Pending[] = [];
  /** From where on our own pending entries are to be taken over; nothing when that is done. */
  let from: string | undefined = '-';
  let isStaleDue = false;
  let isReading = false;
  let isClaiming = false;
  /** Asked for by a claim that is not answered. */
  let claiming = 0;
  let isPaused = false;
  let isStopped = false;
  let isScheduled = false;
  let averageSize = 0;
  let patience: Subscription | undefined;
  let nextTick: Subscription | undefined;

  return {
    start() {
      tick();
      pump();
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      schedule();
    },
    settled: schedule,
    again(pending) {
      nacked.push(pending);
      schedule();
    },
    stop,
  };

  function schedule(): void {
    if (isScheduled || isStopped) return;
    isScheduled = true;
    scheduler.schedule(() => {
      isScheduled = false;
      pump();
    });
  }

  function pump(): void {
    if (isStopped) return;
    if (!isClaiming && !isPaused) takeOver();
    // What was delivered to us before a restart goes before what is new.
    if (!isReading && !isPaused && from === undefined) read();
  }

  function read(): void {
    const count = countFor(room() - nacked.length - claiming);
    if (count <= 0) return;
    isReading = true;
    patience = deadline(scheduler, blockMs + pongMs, () => {
      const text = `Redis did not answer a read within ${formatDuration(blockMs + pongMs)}`;
      fail(new AraldoError('connection-lost', text));
    });
    void group
      .readNew(count, blockMs)
      .then(take, fail)
      .finally(() => {
        patience?.unsubscribe();
        isReading = false;
        pump();
      });
  }

  function takeOver(): void {
    const work = nextClaim();
    if (work === undefined) return;
    isClaiming = true;
    void work.then(take, fail).finally(() => {
      isClaiming = false;
      claiming = 0;
      pump();
    });
  }

  /** The nacked ones had a place each and need no room. */
  function nextClaim(): Promise<readonly Entry[]> | undefined {
    if (nacked.length > 0) {
      const some = nacked;
      nacked = [];
      claiming = some.length;
      return group.claim(some, 0);
    }
    const count = countFor(room());
    if (count <= 0) return undefined;
    if (from !== undefined) return ownPending(from, count);
    return isStaleDue ? stalePending(count) : undefined;
  }

  async function ownPending(begin: string, count: number): Promise<readonly Entry[]> {
    const pending = await group.ownPending(begin, count);
    const last = pending.at(-1);
    from = last === undefined ? undefined : `(${last.id}`;
    return await claimable(pending, 0);
  }

  async function stalePending(count: number): Promise<readonly Entry[]> {
    const pending = await group.stalePending(claimAfterMs, count);
    isStaleDue = pending.length === count;
    return await claimable(pending, claimAfterMs);
  }

  async function claimable(pending: readonly Pending[], idleMs: number): Promise<readonly Entry[]> {
    const free = pending.filter(({ id }) => !isHeld(id));
    if (free.length === 0) {
      isStaleDue = false;
      return [];
    }
    claiming = free.length;
    return await group.claim(free, idleMs);
  }

  function take(entries: readonly Entry[]): void {
    for (const entry of entries) {
      // Stopped by what an entry led to: the rest stays pending.
      if (isStopped) return;
      averageSize += (onEntry(entry) - averageSize) / 16;
    }
  }

  /** A connection that has ended refuses at once: asking it again and again would leave no turn to tell of its end. */
  function fail(thrown: unknown): void {
    if (isStopped) return;
    stop();
    onFailed(thrown);
  }

  function stop(): void {
    isStopped = true;
    patience?.unsubscribe();
    nextTick?.unsubscribe();
  }

  function countFor(places: number): number {
    const fitting = Math.floor(MOST_BYTES / Math.max(1, averageSize));
    return Math.min(places, MOST_ENTRIES, Math.max(1, fitting));
  }

  /** What we hold is ours as long as we are there; what others held too long is looked for as often. */
  function tick(): void {
    if (isStopped) return;
    nextTick = scheduler.schedule(tick, claimAfterMs / 3);
    isStaleDue = true;
    const ids = [...held()];
    for (let at = 0; at < ids.length; at += MOST_ENTRIES)
      group.keep(ids.slice(at, at + MOST_ENTRIES)).catch(fail);
    schedule();
  }
}
