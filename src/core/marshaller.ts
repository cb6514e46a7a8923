/** Value ↔ bytes. A marshaller is pure: no state, no I/O, bounded time for any input. */
import type { Meta } from './meta.ts';

export interface Marshaller {
  /** The unique name of its instance in the configuration. */
  readonly name: string;
  /** Whether its bytes are UTF-8 text (a WebSocket then sends text frames). */
  readonly isText: boolean;
  /** Whether `{id, meta, payload}` travels instead of the bare payload, for systems without headers. */
  readonly envelope: boolean;
  /** Throws an `AraldoError` (`unmarshallable-payload`) for a value without a form in bytes. */
  marshal(value: unknown): Uint8Array;
  /** Throws an `AraldoError` (`malformed-payload`) for any bytes that are not a value. */
  unmarshal(bytes: Uint8Array): unknown;
  /** Set where the format has places of its own for meta; `marshal` and `unmarshal` are the same without any. */
  readonly carriage?: Carriage;
}

/** How a format carries meta beside the payload: within its bytes, as headers, or both. Pure as well. */
export interface Carriage {
  /**
   * Throws an `AraldoError` (`unmarshallable-payload`).
   *
   * @param meta with the id of the message, always
   * @param same the bytes that the payload came as, where this marshaller has read them and nobody changed it
   */
  pack(payload: unknown, meta: Meta, same?: Uint8Array): Packed;
  /** Throws an `AraldoError` (`malformed-payload`). What the source knows by itself, which is `meta`, wins. */
  unpack(bytes: Uint8Array, meta: Meta): Unpacked;
}

export interface Packed {
  readonly bytes: Uint8Array;
  /** What the sink carries in its own way: headers, the content type. */
  readonly meta: Meta;
}

export interface Unpacked {
  readonly payload: unknown;
  readonly meta: Meta;
}
