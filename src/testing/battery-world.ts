/** What an endpoint's real server is to the battery: how to reach it, how to break it, and what it holds beside araldo. */
import type { EndpointPlugin, Service } from '../core/plugin.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** Where an endpoint connects to: the server itself, or the fault proxy in front of it. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A message as a program beside araldo sees it. */
export interface OutsideMessage {
  readonly payload: Uint8Array;
  /** What the system itself has of headers (fields, user properties, …), without what it adds of its own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The well known words of `Meta` that a system may have a place for. */
export type MetaWord = 'id' | 'key' | 'headers' | 'contentType' | 'correlationId' | 'replyTo' | 'timestamp';

/** Options with which the endpoint cannot open, as long as they stay as they are. */
export interface Refusal {
  /** What is wrong: `wrong password`. */
  readonly what: string;
  /** As in YAML. */
  readonly options: object;
  /** What the error must say. */
  readonly says: RegExp;
  /** What it must not say, anywhere. */
  readonly secret?: string;
}

/**
 * One case has one world, and calls `end` when it is over. The places in it are its own: what another case has put
 * into the same server is not seen. What a world leaves out, its endpoint cannot do; the cases that need it are skipped,
 * and say so.
 */
export interface BatteryWorld {
  readonly plugin: EndpointPlugin;
  /** Where the server really listens. Without it there are no faults of the network. */
  readonly server?: ServerAddress;
  /**
   * A proxy that stands in front of it already, where a server tells its clients to which port they shall connect. The
   * case puts it right again at its end.
   */
  readonly proxy?: FaultProxy;
  /** The options, as in YAML, of a source that reads what `put` puts. The same place for each call. */
  source?(at: ServerAddress): object;
  /** The options, as in YAML, of a sink whose messages `taken` finds. The same place for each call. */
  sink?(at: ServerAddress): object;
  /** The options of a source that reads what the sink writes, from the beginning: for what travels with a message. */
  loop?(at: ServerAddress): object;
  /** Options with a wrong password, a place that is not there, and the like. A wrong host is tried in any case. */
  refusals?(at: ServerAddress): readonly Refusal[];
  /** Puts messages in beside araldo; resolves when the server has them for good, in this order. */
  put?(messages: readonly OutsideMessage[]): Promise<void>;
  /**
   * All that has come out so far, from the first one on, in the server's order. Asked again and again; what it has
   * returned it returns again.
   */
  taken?(): Promise<readonly OutsideMessage[]>;
  /**
   * Where an endpoint listens itself: connects the programs beside it for which `put` and `taken` speak, those that are
   * not connected. Called whenever an endpoint is open, after a fault as well. They reach it at the address that
   * `source` and `sink` were given, where that is a proxy in front of it.
   */
  meet?(): Promise<void>;
  /** Kills the server (SIGKILL); resolves when it is gone. */
  kill?(): Promise<void>;
  /** Starts it again on the same port with the same data; resolves when it answers, and `put` and `taken` do. */
  restart?(): Promise<void>;
  /** What travels from sink to source besides the payload. Nothing unless given. */
  readonly carries?: readonly MetaWord[];
  /** Payloads are lines of text, not any bytes. */
  readonly isText?: boolean;
  /** The name of the endpoint, where it matters: that of every endpoint of a case is `battery` unless given. */
  readonly name?: string;
  /**
   * The window of a source through faults, in messages; 64 unless given. An endpoint that reads nothing while its window
   * is full cannot tell then that a connection is half open, and needs one that is never full.
   */
  readonly window?: number;
  /**
   * How many messages the server sends beyond the window when a connection that was lost is there again, against what it
   * was told; 0 unless given. They are not settled either when the next one is lost, and come again.
   */
  readonly overshoot?: number;
  /** What the server would lend the endpoint. */
  readonly service?: <T>(key: Service<T>) => T;
  /** Cases that cannot be, with the reason: `{ 'wrong host': 'it connects to nothing' }`. */
  readonly cannot?: Readonly<Partial<Record<BatteryCaseName, string>>>;
  end?(): Promise<void> | void;
}

/** The cases, by the fact that each shows. */
export const batteryCaseNames = [
  'emits what is put in, once and in order',
  'writes what it is given, once and in order',
  'carries meta from sink to source',
  'never has more unsettled than its window, and reads on when that is settled',
  'does not bring again what was acked',
  'brings again what was not settled, under its id',
  'brings again what was nacked, under its id, and counts',
  'loses nothing to random nacks',
  'flows again after its server was killed under load',
  'flows again after its connections were cut under load',
  'notices a half-open connection, and flows again',
  'keeps what it carries over a slow and sliced connection',
  'drains, and leaves nothing behind',
  'says once what is wrong with a host that is not there, and tries again with pauses',
  'says once what is wrong with a refusal, and tries again with pauses',
] as const;

export type BatteryCaseName = (typeof batteryCaseNames)[number];
