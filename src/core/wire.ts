/** A payload as bytes, with what is needed to read or forward them. */
import type { Marshaller } from './marshaller.ts';

const decoder = new TextDecoder();

/** Up to this size a loop of our own copies faster than a call into the engine, which needs a view as well. */
const SMALL = 512;

/**
 * Transports cut it out of what they read at once. A view of its own costs more than most that is done with a
 * message, so the bytes are only noted, and the view is made when somebody asks for it.
 */
export class Wire {
  /** In bytes. */
  readonly size: number;
  /** Text or binary, as its system said; `undefined` where the system has no such flag (Redis). */
  readonly isText: boolean | undefined;
  /** The marshaller that made the bytes of the payload, or found the payload in them. */
  readonly marshaller: Marshaller | undefined;
  private readonly memory: DataView | undefined;
  private readonly offset: number;
  private view: Uint8Array | undefined;

  private constructor(
    memory: DataView | undefined,
    offset: number,
    size: number,
    isText: boolean | undefined,
    marshaller: Marshaller | undefined,
    view: Uint8Array | undefined,
  ) {
    this.memory = memory;
    this.offset = offset;
    this.size = size;
    this.isText = isText;
    this.marshaller = marshaller;
    this.view = view;
  }

  /**
   * @param bytes never changed from here on, by anybody.
   * @example
   * lane.receiveBytes(Wire.of(Buffer.from('{"price":1}'), true));
   */
  static of(bytes: Uint8Array, isText?: boolean, marshaller?: Marshaller): Wire {
    return new Wire(undefined, 0, bytes.byteLength, isText, marshaller, bytes);
  }

  /**
   * Bytes that stand for more, and are not unpacked because it would be too much: `size` is larger than any payload may
   * be, so the message fails with that, and nobody takes the bytes for its payload.
   */
  static packed(bytes: Uint8Array, size: number): Wire {
    return new Wire(undefined, 0, size, false, undefined, bytes);
  }

  /** `size` bytes of `memory` from `offset` on. */
  static within(memory: DataView, offset: number, size: number, isText?: boolean): Wire {
    return new Wire(memory, offset, size, isText, undefined, undefined);
  }

  get bytes(): Uint8Array {
    if (this.view !== undefined) return this.view;
    const { buffer, byteOffset } = this.memory as DataView;
    // A Buffer, as what the libraries of other endpoints hand over: steps find the same methods on all payloads.
    this.view = Buffer.from(buffer, byteOffset + this.offset, this.size);
    return this.view;
  }

  /** The bytes as UTF-8. */
  get text(): string {
    return decoder.decode(this.bytes);
  }

  /** The size of the piece of memory that it keeps alive, in bytes. */
  get pinned(): number {
    return (this.memory ?? (this.view as Uint8Array)).buffer.byteLength;
  }

  /** The same in memory of its own. */
  unpinned(): Wire {
    return Wire.of(
      Buffer.from(Uint8Array.prototype.slice.call(this.bytes).buffer),
      this.isText,
      this.marshaller,
    );
  }

  /** Copies the bytes to `target` from `at` on; `targetView` is a view of the same memory. */
  copyTo(target: Uint8Array, targetView: DataView, at: number): void {
    const { memory, size } = this;
    if (memory === undefined || size > SMALL) {
      target.set(this.bytes, at);
      return;
    }
    let from = this.offset;
    let to = at;
    const end = from + size;
    // The compiler keeps the eight bytes in a register: there is no BigInt at run time.
    for (const whole = end - 7; from < whole; from += 8, to += 8) {
      targetView.setBigUint64(to, memory.getBigUint64(from, true), true);
    }
    for (; from < end; from += 1, to += 1) target[to] = memory.getUint8(from);
  }
}
