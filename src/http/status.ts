/**
 * What a running server says of itself: plain data, read from counters when somebody asks. `/readyz`,
 * `/metrics`, `/status.json` and the page are made of it and know nothing else.
 */
import type { EndpointState } from '../core/endpoint.ts';
import type { Overflow } from '../core/overflow.ts';
import type { RequestCounts } from '../core/transport.ts';

/** Implemented by the runtime; called for each request that needs it, never on the path of a message. */
export interface Status {
  status(): ServerStatus;
}

/** Names are those of the configuration. No text in it carries a secret: what could is redacted before. */
export interface ServerStatus {
  readonly version: string;
  readonly state: 'starting' | 'running' | 'draining';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly reload: ReloadStatus;
  readonly endpoints: readonly EndpointStatus[];
  readonly routes: readonly RouteStatus[];
}

/** Reloads since the start, and the configuration that is in use. */
export interface ReloadStatus {
  /** Equal for configurations that say the same, secrets apart. */
  readonly fingerprint: string;
  /** When it was put to use, in milliseconds since 1970. */
  readonly loadedAt: number;
  readonly applied: number;
  /** Those that found nothing to change. */
  readonly unchanged: number;
  /** Those that changed nothing, because something was wrong. */
  readonly failed: number;
  /** Absent before the first. */
  readonly last?: { readonly at: number; readonly result: 'applied' | 'unchanged' | 'failed' };
}

export interface EndpointStatus {
  readonly name: string;
  /** Of the plugin: `endpoint-websocket`. */
  readonly id: string;
  readonly state: EndpointState;
  /** Since when it is in that state, in milliseconds since 1970. */
  readonly since: number;
  /** The code of the error that broke it, or that keeps it from opening; absent while it is open. */
  readonly lastError?: string;
  readonly reconnects: number;
  /** The id of its marshaller's plugin: `marshal-json`. Absent where payloads pass as they came. */
  readonly marshal?: string;
  /** The paths of the HTTP server that it listens on, as URLPatterns. */
  readonly listensOn: readonly string[];
  /** Absent where it cannot be a source. */
  readonly source?: SourceStatus;
  /** Absent where it has no peers. */
  readonly peers?: PeersStatus;
  /** Absent where its messages are no requests that wait for answers. */
  readonly requests?: RequestCounts;
}

export interface SourceStatus {
  /** Messages that its transport handed over. */
  readonly received: number;
  readonly acked: number;
  /** Deliveries, not messages: one that is delivered again may be nacked again. */
  readonly nacked: number;
  readonly rejected: number;
  /** Lost before any route saw them, because the stash was full and the transport cannot pause. */
  readonly overrun: number;
  readonly stashed: number;
  readonly inFlight: number;
  /** `max-in-flight`. */
  readonly window: number;
  /** Whether the window is full, which shuts the gate as well. */
  readonly isFull: boolean;
  /** Who else keeps the gate shut: names of legs and steps. */
  readonly holders: readonly string[];
}

/** The peers of a listening endpoint. What they lost is counted apart from what the route delivered. */
export interface PeersStatus {
  readonly connected: number;
  readonly lagging: number;
  /** Messages, by reason. */
  readonly lost: Counts;
  /** Connections, by reason. */
  readonly refused: Counts;
}

/**
 * At every moment: received + made = joined + forwarded + discarded + failed + held. And of what failed, in
 * the steps or in the legs: failed + Σ legs.failed = dead + returned + dropped + heldByError.
 */
export interface RouteStatus {
  readonly name: string;
  /** The names of its sources. */
  readonly from: readonly string[];
  /** Its steps, as people read them: `filter`, `map ./add-tenant.ts`. */
  readonly steps: readonly string[];
  /** Messages that it claimed. */
  readonly received: number;
  /** Messages that steps made beyond those they were given. */
  readonly made: number;
  /** Messages that steps joined into others: a batch of ten joins nine. */
  readonly joined: number;
  /** Messages that left the steps for all legs. */
  readonly forwarded: number;
  /** Deliberate ends in its steps, by reason. */
  readonly discarded: Counts;
  /** Messages that failed in its steps, whatever became of them. */
  readonly failed: number;
  /** Messages in its steps. */
  readonly held: number;
  /** Those of its steps that may keep messages as long as they like, and what they keep. */
  readonly keeping: readonly KeepingStatus[];
  /** Failed messages that a dead letter sink took. */
  readonly dead: number;
  /** Failed messages that were given back to their source. */
  readonly returned: number;
  /** Failed messages that `on-error: discard` ended. */
  readonly dropped: number;
  /** Failed messages at which the route stands still, under `on-error: hold`. */
  readonly heldByError: number;
  readonly legs: readonly LegStatus[];
}

/** A step of the kind `rx` that settles or forwards by itself what it takes. */
export interface KeepingStatus {
  /** Where it stands: `orders.via[0] ./debounce.ts`. */
  readonly step: string;
  /** Messages that it has inside. */
  readonly held: number;
  /** How long one of them has been inside at least, in milliseconds; 0 where none was there at the last look. */
  readonly oldestMs: number;
  /** Whether that is longer than the watchdog of the server waits. */
  readonly isOverdue: boolean;
}

/** At every moment: received = delivered + failed + discarded + held. */
export interface LegStatus {
  /** The name of the sink. */
  readonly sink: string;
  readonly overflow: Overflow;
  readonly received: number;
  readonly delivered: number;
  readonly failed: number;
  /** By reason. */
  readonly discarded: Counts;
  /** Waiting, unconfirmed, and to be tried again. */
  readonly held: number;
  /** Waiting. */
  readonly depth: number;
  /** Refused by the sink, and waiting for their next try. */
  readonly retrying: number;
  /** How often a message was sent once more. */
  readonly retried: number;
  readonly depthBytes: number;
  /** How often it began to hold its sources. */
  readonly holds: number;
  readonly isHolding: boolean;
  /** Absent where it does not spill. */
  readonly spill?: SpillStatus;
}

/** The disk part of a leg. What is there is held by the leg; what a former run left counts as received. */
export interface SpillStatus {
  /** Messages written to disk. */
  readonly spilled: number;
  /** Messages that a former run had left. */
  readonly restored: number;
  /** On disk now, and their size with their meta. */
  readonly messages: number;
  readonly bytes: number;
  /** Why the disk cannot be used; absent while it can. */
  readonly failing?: string;
}

/** Numbers by reason; a handful of reasons, never made of data. */
export type Counts = Readonly<Record<string, number>>;
