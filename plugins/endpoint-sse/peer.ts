/** One stream of events to one browser or program, with a bounded buffer of its own. */
import type { ServerResponse } from 'node:http';
import { Ring } from '../../src/core/ring.ts';
import { lostEvent } from './event.ts';

/** What a full buffer of a peer does. */
export const peerOverflows = ['disconnect', 'drop-oldest', 'drop-newest'] as const;
export type PeerOverflow = (typeof peerOverflows)[number];

export interface PeerOptions {
  readonly response: ServerResponse;
  readonly room: string;
  /** The bound of the buffer, in bytes. */
  readonly most: number;
  readonly overflow: PeerOverflow;
  /** It could not keep up, and is to go. */
  readonly onTooSlow: (peer: Peer) => void;
  readonly onLost: (messages: number) => void;
}

export interface Peer {
  readonly room: string;
  /** What it has not taken, in bytes: here and in its socket. */
  readonly buffered: number;
  /** Whether anything waits here. */
  readonly isLagging: boolean;
  /** Sends an event, or keeps it, or does with it what the policy says. */
  send(event: Buffer): void;
  /**
   * Sends what it missed, before anything else. All of it may wait, beyond the bound: it is the history's, which has a
   * bound of its own, and whoever was cut off for it would never get further.
   */
  replay(events: readonly Buffer[]): void;
  /** Something that nobody misses if it does not take it now. */
  nudge(bytes: Buffer): void;
  /** Resolves when it has taken everything, or is gone. */
  emptied(): Promise<void>;
  end(): void;
  /** Ends it at once, with what waits. */
  cut(): void;
}

export function createPeer(options: PeerOptions): Peer {
  const { response, most, overflow } = options;
  const waiting = new Ring<Buffer>();
  let waitingBytes = 0;
  /** Of what waits: replayed, and not counted against the bound. */
  let replayBytes = 0;
  let isClear = true;
  let lost = 0;
  let isGone = false;
  let onEmpty: (() => void)[] = [];

  const isRoomFor = (event: Buffer): boolean => buffered() + event.length <= most + replayBytes;
  const buffered = (): number => waitingBytes + response.writableLength;

  const peer: Peer = {
    room: options.room,
    get buffered() {
      return buffered();
    },
    get isLagging() {
      return waiting.length > 0;
    },
    send(event) {
      if (isGone) return;
      if (isClear) {
        isClear = response.write(event);
        return;
      }
      if (isRoomFor(event)) return keep(event);
      switch (overflow) {
        case 'disconnect':
          peer.cut();
          options.onTooSlow(peer);
          break;
        case 'drop-newest':
          lose(1);
          break;
        case 'drop-oldest': {
          let dropped = 0;
          for (let oldest = waiting.shift(); oldest !== undefined; oldest = waiting.shift()) {
            took(oldest);
            dropped += 1;
            if (isRoomFor(event)) break;
          }
          if (isRoomFor(event)) keep(event);
          else dropped += 1;
          lose(dropped);
          break;
        }
        default:
          overflow satisfies never;
      }
    },
    replay(events) {
      for (const event of events) {
        if (isClear) isClear = response.write(event);
        else {
          keep(event);
          replayBytes += event.length;
        }
      }
    },
    nudge(bytes) {
      if (isClear && !isGone) isClear = response.write(bytes);
    },
    emptied() {
      if (isGone || buffered() === 0) return Promise.resolve();
      return new Promise((resolve) => onEmpty.push(resolve));
    },
    end() {
      isGone = true;
      response.end();
    },
    cut() {
      isGone = true;
      response.destroy();
    },
  };

  response.on('drain', () => {
    isClear = true;
    if (lost > 0) {
      isClear = response.write(lostEvent(lost));
      lost = 0;
    }
    while (isClear && waiting.length > 0) {
      const next = waiting.shift() as Buffer;
      took(next);
      isClear = response.write(next);
    }
    if (buffered() === 0) empty();
  });
  response.once('close', () => {
    isGone = true;
    waiting.clear();
    waitingBytes = 0;
    empty();
  });
  return peer;

  function keep(event: Buffer): void {
    waiting.push(event);
    waitingBytes += event.length;
  }

  function took(event: Buffer): void {
    waitingBytes -= event.length;
    replayBytes = Math.max(0, replayBytes - event.length);
  }

  /** The peer is told when it takes something again. */
  function lose(messages: number): void {
    lost += messages;
    options.onLost(messages);
  }

  function empty(): void {
    const resolved = onEmpty;
    onEmpty = [];
    for (const resolve of resolved) resolve();
  }
}
