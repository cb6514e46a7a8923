/** One remote connection: its socket, its own bounded buffer, and how far behind it is. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Lane } from '../../src/core/lane.ts';
import { type Batch, type Run, runBytes, wholeRun } from './batch.ts';
import { PeerBuffer } from './peer-buffer.ts';
import type { Recipient, Room } from './room.ts';

/** So much is handed to a socket that has just drained, before it must drain again. */
const REFILL_BYTES = 256 * 1024;

const nothing = (): void => undefined;

export interface PeerOptions {
  /** Its address over restarts and instances: `instance.number`. */
  readonly id: string;
  readonly webSocket: WebSocket;
  /** The socket below, which the upgrade handed over. Data frames are written to it as they are. */
  readonly socket: Socket;
  readonly lane: Lane;
  readonly room: Room<Peer>;
}

/**
 * Batches go straight to the socket while it takes them. Once it does not, they wait in the peer's buffer and
 * leave as it drains. Control frames of `ws` use the same socket; both write whole frames, so they mix well.
 */
export class Peer implements Recipient {
  readonly id: string;
  readonly webSocket: WebSocket;
  readonly lane: Lane;
  readonly room: Room<Peer>;
  readonly waiting: PeerBuffer = new PeerBuffer();
  /** It could not keep up, and lives from its own buffer until that is empty. */
  isLagging = false;
  /** It is full and keeps the routes that wait from sending. */
  isHolding = false;
  /** When the last ping was sent that no pong has answered; `undefined` when none is out. */
  pingedAt: number | undefined;
  lastPingAt = 0;
  /** Told each time that the socket has taken what waited for it. */
  onDrained: (peer: Peer) => void = nothing;
  /** Told once, when nothing waits for it any more. */
  onEmpty: (() => void) | undefined;
  private readonly socket: Socket;
  private isClear = true;

  constructor(options: PeerOptions) {
    this.id = options.id;
    this.webSocket = options.webSocket;
    this.socket = options.socket;
    this.lane = options.lane;
    this.room = options.room;
    this.socket.on('drain', () => this.drained());
  }

  /** What it has not taken yet, in bytes: in its own buffer and in the socket's. */
  get buffered(): number {
    return this.waiting.bytes + this.socket.writableLength;
  }

  /** Sends a whole batch. Returns whether it went to the socket; otherwise it waits in the buffer. */
  sendBatch(batch: Batch): boolean {
    if (this.isClear) {
      this.isClear = this.socket.write(batch.bytes);
      return true;
    }
    this.waiting.add(wholeRun(batch));
    return false;
  }

  /** The same for parts of a batch: what stands around frames that are not for this peer. */
  sendRuns(runs: readonly Run[]): boolean {
    if (!this.isClear) {
      for (const run of runs) this.waiting.add(run);
      return false;
    }
    if (runs.length === 0) return true;
    this.write(runs);
    return true;
  }

  private drained(): void {
    this.isClear = true;
    const runs: Run[] = [];
    for (let bytes = 0; bytes < REFILL_BYTES && !this.waiting.isEmpty; ) {
      const before = this.waiting.bytes;
      runs.push(this.waiting.take() as Run);
      bytes += before - this.waiting.bytes;
    }
    if (runs.length > 0) this.write(runs);
    this.onDrained(this);
    if (this.onEmpty !== undefined && this.buffered === 0) {
      this.onEmpty();
      this.onEmpty = undefined;
    }
  }

  /** One system call for all of them. */
  private write(runs: readonly Run[]): void {
    if (runs.length > 1) this.socket.cork();
    for (const run of runs) this.isClear = this.socket.write(runBytes(run));
    if (runs.length > 1) {
      this.socket.uncork();
      this.isClear = !this.socket.writableNeedDrain;
    }
  }
}
