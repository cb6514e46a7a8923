/** How much a server has of us unanswered: the bound of what a sink sends ahead. What waits in the socket is part. */

const MOST_MESSAGES = 8_192;
const MOST_BYTES = 4 * 1024 * 1024;

export interface Outstanding {
  readonly isFull: boolean;
  readonly messages: number;
  sent(size: number): void;
  answered(size: number, messages?: number): void;
  /** Resolves when all is answered, or `lost`. */
  settled(): Promise<void>;
  /** No answer comes any more. */
  lost(): void;
}

/** @param onWritable called when it was full, and is half empty: else each answer would let a single message in. */
export function createOutstanding(onWritable: () => void): Outstanding {
  let messages = 0;
  let bytes = 0;
  let isFull = false;
  /** As many as there are callers of `settled` that wait: a drain and a close at most. */
  let waiting: (() => void)[] = [];

  return {
    get isFull() {
      return isFull;
    },
    get messages() {
      return messages;
    },
    sent(size) {
      messages += 1;
      bytes += size;
      if (messages >= MOST_MESSAGES || bytes >= MOST_BYTES) isFull = true;
    },
    answered(size, count = 1) {
      messages -= count;
      bytes -= size;
      if (messages === 0) resolveAll();
      if (!isFull || messages > MOST_MESSAGES / 2 || bytes > MOST_BYTES / 2) return;
      isFull = false;
      onWritable();
    },
    settled() {
      if (messages === 0) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
    lost: resolveAll,
  };

  function resolveAll(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }
}
