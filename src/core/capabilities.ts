/** What an endpoint can do: compile reasons from this alone, and what a route promises is checked against it. */
import type { ConfirmLevel } from './sink.ts';

/** What an endpoint can do as a source. Compile reasons from these alone. */
export interface SourceCapabilities {
  /** Whether not reading keeps messages at the other side instead of losing them there. */
  readonly canPause: boolean;
  /** Whether the other side waits for an acknowledgement and keeps the message until then. */
  readonly acks: boolean;
  /** Whether the other side delivers again what was nacked or never settled. */
  readonly redelivers: boolean;
  /**
   * Whether the other side is told of a nack and decides itself what to do about it, as who waits for an answer does.
   * Without this, and where nothing redelivers, the source delivers again from memory. Not beside `redelivers`.
   */
  readonly returnsNacks?: boolean;
  /** Its messages are requests: each waits so long for an answer that a route sends back here, and so many wait. */
  readonly asks?: { readonly timeoutMs: number; readonly max: number };
  /** What keeps its order: everything, each lane, or nothing. */
  readonly ordered: 'all' | 'lane' | 'none';
  /** Who gets a message when several instances run: the one it was sent to, one of them, or each. */
  readonly scope: 'local' | 'once' | 'copy';
  /** Payloads are JavaScript values, or bytes and text that a marshaller reads. */
  readonly carries: 'values' | 'bytes';
  /**
   * The largest payload that its routes take, in bytes: a larger one fails before any step sees it. For systems that
   * cannot be kept from sending it; absent where what is too large does not come in.
   */
  readonly maxPayload?: number;
  /** The same where its transport itself lets nothing larger in. */
  readonly refusesAbove?: number;
}

/** What an endpoint can do as a sink. */
export interface SinkCapabilities {
  readonly confirms: ConfirmLevel;
  /** Whether it takes further messages while one is unconfirmed. Yes, unless it says `false`. */
  readonly pipelines?: boolean;
  /** `key`: only messages of one key arrive in the order in which they are written. All do, unless it says so. */
  readonly ordered?: 'all' | 'key';
  /** The sink sends to an external system, or to the peers that are connected to it here. */
  readonly reaches: 'system' | 'peers';
  readonly carries: 'values' | 'bytes';
  /** How much it may keep for all its peers, in bytes, beside what the legs keep. */
  readonly peerBytes?: number;
}

export interface Capabilities {
  /** Absent: it cannot be a source. */
  readonly source?: SourceCapabilities;
  /** Absent: it cannot be a sink. */
  readonly sink?: SinkCapabilities;
  /** What it sends to and what it reads from, as addresses: equal ones close a cycle. */
  readonly writesTo?: readonly string[];
  readonly readsFrom?: readonly string[];
  /** The same for a subscription to many addresses by a pattern: it matches the whole of each. */
  readonly readsMatching?: readonly RegExp[];
  /** The paths of the HTTP server that it listens on, as URLPattern pathnames: no two endpoints share one. */
  readonly listensOn?: readonly string[];
}
