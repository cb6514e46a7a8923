/** One direction of a connection through a fault proxy: bytes in, and the same bytes out, later or not at all. */
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';

/** What is done to the bytes of one direction. What is left out is not done. */
export interface Toxics {
  /** Each piece arrives so much later, give or take the jitter; never before the one that came before it. */
  readonly latency?: { readonly ms: number; readonly jitterMs?: number };
  readonly bandwidth?: { readonly bytesPerSecond: number };
  /** Pieces of so many bytes, with a pause between two. */
  readonly slice?: { readonly bytes: number; readonly pauseMs?: number };
  /** The connection is ended after so many bytes. */
  readonly limit?: { readonly bytes: number };
  /** The end of the connection arrives so much later. */
  readonly slowClose?: { readonly ms: number };
  /** Nothing arrives, not even an end: the connection is half open, and nobody is told. */
  readonly silence?: boolean;
}

/** So much may wait in a direction; then the side that sends is not read on. */
const MOST_WAITING: number = 1024 * 1024;

/**
 * Carries what `from` sends to `to`. `toxics` is asked for each piece, so that they can change at any time. When `from`
 * ends, `to` is ended after all that came before; when either breaks, so does the other.
 */
export function toxicPipe(
  from: Socket,
  to: Socket,
  toxics: () => Toxics,
  random: () => number = Math.random,
): void {
  /** The oldest first; bounded by `MOST_WAITING` and one chunk of a socket. */
  const waiting: { bytes: Buffer; readonly dueMs: number }[] = [];
  let waitingBytes = 0;
  let carried = 0;
  let lastDueMs = 0;
  /** When the line is free again, as far as its bandwidth goes. */
  let freeMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  let isBlocked = false;

  from.on('data', (chunk: Buffer) => {
    const { latency, slice, silence } = toxics();
    if (silence === true) return;
    const now = performance.now();
    const { ms = 0, jitterMs = 0 } = latency ?? {};
    const size = slice === undefined ? chunk.length : Math.max(1, slice.bytes);
    for (let at = 0; at < chunk.length; at += size) {
      const pauseMs = at === 0 ? 0 : (slice?.pauseMs ?? 0);
      // Order is kept: whatever the jitter, nothing overtakes.
      const dueMs = Math.max(now + Math.max(0, ms + (random() * 2 - 1) * jitterMs), lastDueMs + pauseMs);
      lastDueMs = dueMs;
      waiting.push({ bytes: chunk.subarray(at, at + size), dueMs });
    }
    waitingBytes += chunk.length;
    if (waitingBytes > MOST_WAITING) from.pause();
    pump();
  });
  from.on('end', () => {
    hasEnded = true;
    pump();
  });
  from.on('close', () => {
    if (!hasEnded && toxics().silence !== true) stop();
  });
  from.on('error', stop);
  to.on('close', () => clearTimeout(timer));
  to.on('drain', () => {
    isBlocked = false;
    pump();
  });

  function pump(): void {
    clearTimeout(timer);
    while (!isBlocked && !to.destroyed) {
      const next = waiting[0];
      if (next === undefined) break;
      const waitMs = Math.max(next.dueMs, freeMs) - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(pump, waitMs);
        return;
      }
      waiting.shift();
      send(next.bytes);
    }
    if (hasEnded && waiting.length === 0) end();
  }

  function send(bytes: Buffer): void {
    const { bandwidth, limit, silence } = toxics();
    waitingBytes -= bytes.length;
    if (from.isPaused() && waitingBytes <= MOST_WAITING / 2) from.resume();
    if (silence === true) return;
    const left = limit === undefined ? bytes.length : Math.max(0, limit.bytes - carried);
    const part = bytes.subarray(0, left);
    carried += part.length;
    if (bandwidth !== undefined) {
      freeMs = Math.max(freeMs, performance.now()) + (part.length / bandwidth.bytesPerSecond) * 1_000;
    }
    if (part.length > 0) isBlocked = !to.write(part);
    if (limit === undefined || carried < limit.bytes) return;
    waiting.length = 0;
    hasEnded = true;
  }

  function end(): void {
    const { silence, slowClose } = toxics();
    if (silence === true) return;
    if (slowClose === undefined) to.end();
    else timer = setTimeout(() => to.end(), slowClose.ms);
  }

  function stop(): void {
    clearTimeout(timer);
    to.destroy();
  }
}
