/** A socket whose other side reads when told to: what `Peer` uses of net.Socket, with Node's rules. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

const HIGH_WATER_MARK = 16 * 1024;

export class FakeSocket extends EventEmitter {
  /** All that the other side has read. */
  readonly read: Buffer[] = [];
  isStalled = false;
  private readonly queued: Buffer[] = [];
  private needsDrain = false;

  get writableLength(): number {
    return this.queued.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }

  get writableNeedDrain(): boolean {
    return this.needsDrain;
  }

  write(chunk: Buffer): boolean {
    this.queued.push(chunk);
    if (this.writableLength >= HIGH_WATER_MARK) this.needsDrain = true;
    return !this.needsDrain;
  }

  cork(): void {}

  uncork(): void {}

  /** The end of a turn: what was written leaves, unless the other side has stopped reading. */
  turn(): void {
    if (this.isStalled) return;
    this.read.push(...this.queued.splice(0));
    if (!this.needsDrain) return;
    this.needsDrain = false;
    this.emit('drain');
  }

  get asSocket(): Socket {
    return this as unknown as Socket;
  }
}

/** The payloads of unmasked frames, as an independent reader of RFC 6455 finds them. */
export function payloadsOf(stream: Buffer): { text: boolean; payload: Buffer }[] {
  const payloads: { text: boolean; payload: Buffer }[] = [];
  let at = 0;
  while (at < stream.length) {
    const first = stream.readUInt8(at);
    const second = stream.readUInt8(at + 1);
    if ((first & 0xf0) !== 0x80 || second > 127) throw new Error(`not a whole unmasked frame at ${at}`);
    let length = second;
    let start = at + 2;
    if (second === 126) {
      length = stream.readUInt16BE(at + 2);
      start = at + 4;
    } else if (second === 127) {
      length = Number(stream.readBigUInt64BE(at + 2));
      start = at + 10;
    }
    if (start + length > stream.length) throw new Error(`a frame of ${length} bytes is cut off at ${at}`);
    payloads.push({ text: (first & 0x0f) === 1, payload: stream.subarray(start, start + length) });
    at = start + length;
  }
  return payloads;
}
