/** The other half of an endpoint: what a plugin implements, and what it is given. */
import type { AraldoError } from './errors.ts';
import type { Message } from './message.ts';
import type { Sink, SinkTransport } from './sink.ts';
import type { Source, SourceTransport } from './source.ts';

/** What the transport tells its endpoint. */
export interface Port {
  readonly source: Source;
  readonly sink: Sink;
  /** The sink takes messages again, after `isWritable` said no. */
  writable(): void;
  /** The connection is gone. The supervisor opens it again, after a pause. */
  broken(error: AraldoError): void;
}

/** The peers of a listening endpoint, in numbers. */
export interface PeerCounts {
  readonly connected: number;
  readonly lagging: number;
  /** Bytes that wait in the peers' own buffers. */
  readonly buffered: number;
  /** Messages that single peers lost, by reason. */
  readonly lost: Readonly<Record<string, number>>;
  /** Connections that were refused or ended by us, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Requests and their answers, in numbers. asked = answered + timed out + forgotten + waiting. */
export interface RequestCounts {
  readonly waiting: number;
  readonly asked: number;
  readonly answered: number;
  readonly timedOut: number;
  /** Whoever asked has left, or was told that the request had failed. */
  readonly forgotten: number;
  /** Turned away, because as many waited as may; not among those asked. */
  readonly refused: number;
}

/** The requests of an endpoint that wait for their answers. `createRequests` makes it. */
export interface RequestTable {
  readonly counts: RequestCounts;
  /**
   * A request has brought a correlation id within its bytes: those of its answer are to have that. Nothing happens where
   * no such request waits.
   *
   * @param correlationId the one that the request goes on under
   */
  learn(correlationId: string, own: string): void;
  /** What the bytes of an answer are to have as their correlation id; nothing where no such request waits. */
  ownOf(message: Message): string | undefined;
}

/** What a plugin implements: one external system or listener. */
export interface Transport extends SourceTransport, Partial<SinkTransport> {
  /**
   * Connects; resolves when messages can flow, rejects when they cannot. Called again after `Port.broken`
   * or a rejection. `signal` aborts when the deadline passes or the server stops.
   */
  open?(signal: AbortSignal): void | Promise<void>;
  /**
   * Somebody reads from it now, and nobody did when it was opened, as `Source.isRead` said then. A transport whose
   * system gives each message to one reader begins to read here, and not before. At most once after each `open`.
   */
  read?(): void;
  /** Takes nothing new from outside; what is here is carried through. Before `close`, when draining. */
  drain?(): void;
  /**
   * Ends every connection; resolves when nothing of it is left. At the end, and also after `Port.broken` or a
   * failed `open`, in which case `open` follows: so it may be called twice, and with nothing to close.
   */
  close?(): void | Promise<void>;
  /** For listening endpoints. Read when somebody looks, so it may count. */
  peers?(): PeerCounts;
  /** For endpoints whose messages are requests. */
  readonly requests?: RequestTable;
}
