/**
 * As much load as the subscribers can read: a closed loop with a window of bytes under way. Without the window a
 * server that does not push back (most) would queue without end, and the figure would be that of its memory.
 *
 * The window is as large as what arrives in a quarter of a second, so that a slow server has no long rest to work off.
 */
import type { Link } from './link.ts';
import type { Protocol } from './protocol.ts';
import { noteSent, type Tally, underWay } from './tally.ts';

export interface SaturationOptions {
  readonly publishers: readonly Link[];
  readonly protocol: Protocol;
  readonly payload: Buffer;
  readonly tally: Tally;
  /** Bytes under way to each subscriber, at most. */
  readonly windowBytes: number;
  /** How many subscribers there are in all. */
  readonly subscribers: number;
  /** How many publishers share the window of a subscriber. */
  readonly publishersPerRoom: number;
}

export interface Saturation {
  /** Sends until the window is full. Called whenever something has arrived. */
  pump(): void;
  /** Fits the window to the rate at which bytes arrive at all subscribers together. */
  fit(bytesPerSecond: number): void;
  stop(): void;
}

/** A publisher writes at most so much at once, and so much that it becomes so many deliveries. */
const CHUNK_BYTES = 16 * 1024;
const CHUNK_DELIVERIES = 16 * 1024;
/** So many chunks of all publishers of a room fill the window, so that it never runs quite empty. */
const CHUNKS_PER_WINDOW = 4;
/** How much of a server's work may be under way, in seconds. */
const WINDOW_SECONDS = 0.25;
/** Never less than this to each subscriber, so that a server has something to put together. */
const LEAST_WINDOW_BYTES = 8 * 1024;

export function createSaturation(options: SaturationOptions): Saturation {
  const { publishers, protocol, payload, tally } = options;
  const most = options.windowBytes * options.subscribers;
  const least = Math.min(most, LEAST_WINDOW_BYTES * options.subscribers);
  let limit = least;
  const share = options.windowBytes / tally.size / CHUNKS_PER_WINDOW / options.publishersPerRoom;
  const messages = Math.max(
    1,
    Math.floor(Math.min(share, CHUNK_BYTES / payload.byteLength, CHUNK_DELIVERIES / tally.fanOut)),
  );
  const chunks = new Map<number, Buffer>();
  for (const { room } of publishers) {
    if (!chunks.has(room)) chunks.set(room, protocol.messages(payload, messages, room));
  }
  let turn = 0;
  let isStopped = false;

  const pump = (): void => {
    if (isStopped) return;
    // Ends when the window is full, or when no publisher can write.
    for (let blocked = 0; blocked < publishers.length && underWay(tally) < limit; ) {
      const publisher = publishers[turn] as Link;
      turn = (turn + 1) % publishers.length;
      if (publisher.isBlocked || !publisher.isOpen) {
        blocked += 1;
        continue;
      }
      blocked = 0;
      publisher.isBlocked = !publisher.socket.write(chunks.get(publisher.room) as Buffer);
      noteSent(tally, messages);
    }
  };

  for (const publisher of publishers) publisher.onDrain = pump;
  return {
    pump,
    fit(bytesPerSecond) {
      limit = Math.min(most, Math.max(least, bytesPerSecond * WINDOW_SECONDS));
    },
    stop() {
      isStopped = true;
    },
  };
}
