/** The newest events, for peers that come back and say which one they saw last. */
import { Ring } from '../../src/core/ring.ts';
import type { StreamEvent } from './event.ts';

export interface History {
  add(event: StreamEvent): void;
  /**
   * The events of a room after a number, the oldest first; and how many were forgotten between, of all rooms.
   */
  after(
    number: number,
    room: string,
  ): { readonly events: readonly StreamEvent[]; readonly forgotten: number };
}

export interface HistoryOptions {
  readonly messages: number;
  readonly bytes: number;
}

export function createHistory({ messages, bytes: most }: HistoryOptions): History {
  const events = new Ring<StreamEvent>();
  let bytes = 0;
  /** The number of the newest event that is not here any more. */
  let forgotten = 0;

  return {
    add(event) {
      events.push(event);
      bytes += event.bytes.length;
      while (events.length > messages || bytes > most) {
        const oldest = events.shift() as StreamEvent;
        bytes -= oldest.bytes.length;
        forgotten = oldest.number;
      }
    },
    after(number, room) {
      const missed = [...events].filter((event) => event.number > number && event.room === room);
      return { events: missed, forgotten: Math.max(0, forgotten - number) };
    },
  };
}
