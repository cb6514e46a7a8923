/** Acks of one session: those of a turn in one command. */
import type { SchedulerLike } from 'rxjs';

export interface Acks {
  add(id: string): void;
  /** Sends what waits, and resolves when Redis has answered all. Never rejects. */
  settled(): Promise<void>;
}

/** @param send rejects when Redis refuses or the connection ends; both are `failed`'s business. */
export function createAcks(
  send: (ids: readonly string[]) => Promise<unknown>,
  failed: (thrown: unknown) => void,
  scheduler: SchedulerLike,
): Acks {
  /** As many as were settled in this turn: the window at most. */
  let waiting: string[] = [];
  let isScheduled = false;
  let last: Promise<void> = Promise.resolve();

  return {
    add(id) {
      waiting.push(id);
      if (isScheduled) return;
      isScheduled = true;
      scheduler.schedule(flush);
    },
    settled() {
      flush();
      return last;
    },
  };

  function flush(): void {
    isScheduled = false;
    if (waiting.length === 0) return;
    const ids = waiting;
    waiting = [];
    // Redis answers in order: the last answer is that of all.
    last = send(ids).then(() => undefined, failed);
  }
}
