/** Sends messages over one WebSocket: those of a turn in one write, confirmed when the kernel has them. */
import { isUtf8 } from 'node:buffer';
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Wire } from '../../src/core/wire.ts';
import type { Connection } from './connection.ts';

/** How messages become frames: as they came, with bytes of unknown kind as text where they are UTF-8. */
export const frameKinds = ['auto', 'text', 'binary'] as const;
export type FrameKind = (typeof frameKinds)[number];

/** What may wait in the socket, in bytes. */
const MOST_BYTES = 1024 * 1024;

export interface WriterOptions {
  readonly connection: Connection;
  readonly frames: FrameKind;
  readonly scheduler: SchedulerLike;
  /** It takes messages again. */
  readonly onWritable: () => void;
}

export interface Writer {
  readonly isWritable: boolean;
  /** Throws an `AraldoError` (`sink-rejected`) for what cannot be sent. */
  send(wire: Wire, ticket: number, sender: Sender): void;
  /** Resolves when the kernel has all that was sent, or the connection is lost. */
  flushed(): Promise<void>;
}

export function createWriter({ connection, frames, scheduler, onWritable }: WriterOptions): Writer {
  const { webSocket, socket } = connection;
  let unsent = 0;
  let isCorked = false;
  let isFull = false;
  /** As many as there are callers of `flushed` that wait: a drain and a close at most. */
  let waiting: (() => void)[] = [];

  return {
    get isWritable() {
      return !isFull && webSocket.readyState === webSocket.OPEN;
    },
    send(wire, ticket, sender) {
      const binary = !isTextFrame(wire, frames);
      cork();
      unsent += 1;
      webSocket.send(wire.bytes, { binary }, (error) => {
        // A connection that ended refuses what waited: no failure of the message, it is sent again.
        if (error === undefined || error === null) sender.confirm(ticket);
        sent();
      });
      if (webSocket.bufferedAmount >= MOST_BYTES) isFull = true;
    },
    flushed() {
      if (unsent === 0) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
  };

  function sent(): void {
    unsent -= 1;
    if (unsent === 0) {
      const resolved = waiting;
      waiting = [];
      for (const resolve of resolved) resolve();
    }
    // Half empty before it takes more, or each write would let a single message in.
    if (!isFull || webSocket.bufferedAmount > MOST_BYTES / 2) return;
    isFull = false;
    onWritable();
  }

  function cork(): void {
    if (isCorked) return;
    isCorked = true;
    socket.cork();
    scheduler.schedule(() => {
      isCorked = false;
      socket.uncork();
    });
  }
}

function isTextFrame({ bytes, isText }: Wire, frames: FrameKind): boolean {
  switch (frames) {
    case 'auto':
      return isText ?? isUtf8(bytes);
    case 'binary':
      return false;
    case 'text':
      if (isText === true || isUtf8(bytes)) return true;
      throw new AraldoError(
        'sink-rejected',
        'expected UTF-8 for a text frame, found other bytes: set frames to auto or binary',
      );
    default:
      return frames satisfies never;
  }
}
