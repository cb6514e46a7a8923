/** What the generator is asked to do, and what it answers: plain data that crosses to its process. */
import type { Wire } from './wire.ts';

export interface Scenario {
  readonly publishers: Group;
  readonly subscribers: Group & {
    /** So many of them never read. */
    readonly stalled?: number;
    /** So many others read and do not read by turns, and come back when they are thrown out. */
    readonly flapping?: number;
  };
  /** The publishers are the subscribers, and each gets what the others send. */
  readonly isChat?: boolean;
  /** Connections are spread evenly over so many rooms; 1 unless given. */
  readonly rooms?: number;
  /** The text that every message is. */
  readonly payload: string;
  /** The length in which it arrives, if not in its own. */
  readonly deliveredLength?: number;
  readonly load: Load;
}

export interface Group {
  readonly wire: Wire;
  readonly count: number;
}

export type Load =
  /** As fast as the subscribers read, with so many bytes under way to each of them. */
  | { readonly kind: 'saturate'; readonly windowBytes?: number }
  /** An open loop: so many messages a second, whatever becomes of them. */
  | { readonly kind: 'offer'; readonly rate: number };

export interface MeasureOptions {
  /** Not measured, before what is. */
  readonly warmupMs: number;
  readonly ms: number;
  /** The server's process; its children are measured with it. */
  readonly pid: number;
}

export interface Measurement {
  readonly seconds: number;
  /** Messages that the server took while it was measured. */
  readonly accepted: number;
  /** Messages that subscribers got meanwhile, all of them together; those that stall or flap do not count. */
  readonly delivered: number;
  /** Processor time of the server meanwhile, in microseconds. */
  readonly serverCpuUs: number;
  /** How much of a core the generator used, 0 to 1. */
  readonly generatorLoad: number;
  /** Messages that never arrived, though all was quiet at the end. */
  readonly lost: number;
  /** Subscribers that the server threw out; those that stall or flap do not count. */
  readonly disconnected: number;
  /** Whether what arrived is whole messages, on each connection; unknown when the end was not quiet. */
  readonly isWhole: boolean | undefined;
  /** Of an open loop: what was still under way shortly after its end. */
  readonly late?: number;
  readonly latency?: Latency;
}

/** In microseconds, from when a message was meant to leave. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** How late the generator itself sent. */
  readonly sendP99: number;
}

/** Connections opened and cut again, one after the other on each of several lines. */
export interface ConnectOptions {
  readonly wire: Wire;
  readonly ms: number;
  readonly atOnce: number;
  readonly pid: number;
}

export interface ConnectMeasurement {
  readonly seconds: number;
  readonly connected: number;
  readonly serverCpuUs: number;
  readonly generatorLoad: number;
}

/** What the process of the generator understands. */
export interface Calls {
  open(scenario: Scenario): null;
  measure(options: MeasureOptions): Measurement;
  close(): null;
  connect(options: ConnectOptions): ConnectMeasurement;
}

export interface Request {
  readonly id: number;
  readonly call: keyof Calls;
  readonly argument: unknown;
}

export interface Response {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
