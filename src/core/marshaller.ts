/** Value ↔ bytes. A marshaller is pure: no state, no I/O, bounded time for any input. */

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
}
