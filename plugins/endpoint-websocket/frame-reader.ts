/**
 * Reads the frames that nearly all messages come in: whole, masked, unfragmented. `ws` reads everything else.
 *
 * The receiver of `ws` makes several objects and views for each frame, and costs more than all the rest of a relay
 * together (docs/performance.md has the figures). Here the frames of a chunk are read in place, one after the
 * other. A frame that is not whole yet, a fragment or a ping goes on to `ws`, with its exact bytes and in order.
 * From the first one on that breaks a rule of RFC 6455, section 5, and from a close frame on, the connection is
 * `ws`'s for good, and so are the answer and the close code.
 */
import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Wire } from '../../src/core/wire.ts';
import {
  BINARY,
  FIN,
  LENGTH,
  LENGTH_16,
  LENGTH_64,
  MASKED,
  MEDIUM_HEADER,
  SHORT_HEADER,
  TEXT,
} from './frame.ts';
import { FrameTracker } from './frame-tracker.ts';
import { unmask } from './mask.ts';

export interface FrameReaderOptions {
  /** The longest payload, in bytes; a longer one is left to `ws`, which refuses it. */
  readonly maxPayload: number;
  /** Takes a message: a part of what the socket has read, which is nobody else's. */
  onMessage(wire: Wire): void;
  /** `ws` is about to read what most likely ends the connection: what is to be sent must be sent before. */
  onEnding(): void;
}

type Receive = (chunk: Buffer) => void;

/**
 * Takes over the reading of a connection that `ws` has just upgraded, without permessage-deflate. Messages that
 * `ws` reads go to `onMessage` as well.
 *
 * All it uses is public: the socket of the upgrade, and its listeners. Should `ws` one day read a socket otherwise
 * than by one listener of `data`, then it goes on reading, and nothing is lost but speed.
 */
export function readFrames(webSocket: WebSocket, socket: Socket, options: FrameReaderOptions): void {
  const [receive, ...others] = socket.listeners('data') as Receive[];
  if (receive === undefined || others.length > 0) {
    webSocket.on('message', (data: Buffer, isBinary: boolean) => options.onMessage(Wire.of(data, !isBinary)));
    return;
  }
  const reader = new FrameReader(socket, receive, options);
  webSocket.on('message', (data: Buffer, isBinary: boolean) => reader.emitted(data, isBinary));
  // `ws` has given up on the connection, and wants nothing more of it.
  webSocket.once('error', () => reader.stop());
}

/** One of each peer, so a class: ten thousand idle ones share its functions. */
class FrameReader {
  private readonly socket: Socket;
  private readonly receive: Receive;
  private readonly options: FrameReaderOptions;
  private readonly onData: Receive = (chunk) => this.read(chunk);
  /** From the first frame on that `ws` reads: most peers never send one. */
  private tracker: FrameTracker | undefined;

  constructor(socket: Socket, receive: Receive, options: FrameReaderOptions) {
    this.socket = socket;
    this.receive = receive;
    this.options = options;
    socket.on('data', this.onData);
    socket.off('data', receive);
  }

  /** `ws` has read a message. */
  emitted(data: Buffer, isBinary: boolean): void {
    this.tracker?.emitted();
    this.options.onMessage(Wire.of(data, !isBinary));
  }

  stop(): void {
    this.socket.off('data', this.onData);
  }

  private read(chunk: Buffer): void {
    const end = chunk.length;
    const view = new DataView(chunk.buffer, chunk.byteOffset, end);
    const isOurs = this.tracker === undefined || this.tracker.isBetweenMessages;
    let at = isOurs ? this.readMessages(chunk, view, 0) : 0;
    while (at < end) {
      this.tracker ??= new FrameTracker(this.options.maxPayload);
      const next = this.tracker.follow(chunk, at);
      if (next === undefined) return this.surrender(chunk.subarray(at));
      this.receive.call(this.socket, chunk.subarray(at, next));
      if (this.tracker.isRefused) return this.surrender(chunk.subarray(next));
      at = this.tracker.isBetweenMessages ? this.readMessages(chunk, view, next) : next;
    }
  }

  /** Hands over what stands in whole, plain frames from `from` on; returns where the first other one begins. */
  private readMessages(chunk: Buffer, view: DataView, from: number): number {
    const { maxPayload } = this.options;
    const end = chunk.length;
    let at = from;
    while (at + SHORT_HEADER <= end) {
      const first = chunk[at] as number;
      const second = chunk[at + 1] as number;
      if ((first !== (FIN | TEXT) && first !== (FIN | BINARY)) || second < MASKED) return at;
      let length = second & LENGTH;
      let payload = at + SHORT_HEADER;
      // One with a length of eight bytes is longer than what a socket reads at once.
      if (length === LENGTH_64) return at;
      if (length === LENGTH_16) {
        payload = at + MEDIUM_HEADER;
        if (payload > end) return at;
        length = view.getUint16(at + 2);
      }
      const next = payload + length;
      if (next > end || length > maxPayload) return at;
      const isAscii = unmask(chunk, view, payload, next);
      const isText = first === (FIN | TEXT);
      if (isText && !isAscii && !isUtf8(chunk.subarray(payload, next))) {
        unmask(chunk, view, payload, next);
        return at;
      }
      this.options.onMessage(Wire.within(view, payload, length, isText));
      at = next;
    }
    return at;
  }

  /** Leaves the connection to `ws` from here on, with the rest of a chunk. */
  private surrender(rest: Buffer): void {
    this.socket.on('data', this.receive);
    this.stop();
    if (rest.length === 0) return;
    this.options.onEnding();
    this.receive.call(this.socket, rest);
  }
}
