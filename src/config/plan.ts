/**
 * What a configuration says, as plain data in its one normal form: every default written out, every short
 * form made long. Two files that mean the same give equal plans, whatever the order of their keys.
 */
import type { Overflow } from '../core/overflow.ts';
import type { SpillThen } from '../core/spill.ts';
import type { ServerLimits } from '../options/server-limits.ts';
import type { ServerTls } from '../options/server-tls.ts';
import type { TestPlan } from './test-plan.ts';

export const logLevels = ['debug', 'info', 'warning', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Plan {
  readonly server: ServerPlan;
  readonly logLevel: LogLevel;
  /** By name. Marshallers and endpoints share one space of names. */
  readonly marshallers: Readonly<Record<string, MarshallerPlan>>;
  readonly endpoints: Readonly<Record<string, EndpointPlan>>;
  /** By the name of the route, which is its source's name unless `from` says otherwise. */
  readonly routes: Readonly<Record<string, RoutePlan>>;
  /** In the order of the file. */
  readonly tests: readonly TestPlan[];
}

export interface ServerPlan {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Host header values to admit besides loopback's; `hosts:`. */
  readonly hosts: readonly string[];
  readonly limits: ServerLimits;
  /** As written: paths are relative to the configuration. Absent: plain HTTP. */
  readonly tls?: ServerTls;
}

export interface MarshallerPlan {
  readonly name: string;
  readonly id: string;
  /** As written, after substitution, without `name` and `id`. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface EndpointPlan {
  readonly name: string;
  readonly id: string;
  /** As written, after substitution, without the keys that every endpoint has. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The name of its marshaller; `none` where payloads pass as the bytes, text or values they came as. */
  readonly marshal: string;
  readonly maxInFlight: number;
  readonly maxDeliveries: number;
  /** As its system writes addresses: `meta.replyTo` of all that is sent to it. */
  readonly answersTo?: string;
}

export interface RoutePlan {
  readonly name: string;
  /** The endpoints it reads from. */
  readonly from: readonly string[];
  readonly via: readonly StepPlan[];
  readonly to: readonly BranchPlan[];
  /** How messages are shared out among them; absent where each leg gets each message. */
  readonly targets?: readonly TargetPlan[];
  /** A message is settled as soon as one of the sinks has it; absent where it waits for all of them. */
  readonly ack?: 'first';
  readonly onError: OnError;
  /** What it states that it keeps: a configuration that cannot is refused. */
  readonly guarantee?: 'at-least-once';
  /** It states `pause` and admits that a source which cannot pause loses what it holds back. */
  readonly allowUpstreamLoss?: true;
}

/** A step: an operator by name or file, with its options as written after substitution; null without any. */
export interface StepPlan {
  readonly use: string;
  /** Steps within it stand in their normal form too. */
  readonly with: unknown;
  /** The ways of a message through a step that has steps within it. */
  readonly branches?: readonly StepBranch[];
}

export interface StepBranch {
  /** What leads a message there, as it is written. */
  readonly label: string;
  readonly via: readonly StepPlan[];
}

/** A leg, by its place in `to`, or several of which one gets each message. */
export type TargetPlan =
  | number
  | { readonly kind: 'round-robin' | 'fallback'; readonly legs: readonly number[] }
  /** `key` is CEL. */
  | { readonly kind: 'hash'; readonly key: string; readonly legs: readonly number[] };

export interface BranchPlan {
  readonly to: string;
  /** CEL. */
  readonly when?: string;
  readonly overflow: Overflow;
  readonly buffer: { readonly messages: number; readonly bytes: number };
  /** CEL: what `latest` and `sample` keep one value of. */
  readonly key?: string;
  /** How long a period of `sample` is. */
  readonly everyMs?: number;
  /** Under `spill`. */
  readonly spill?: SpillPlan;
  /** Absent: what its sink refuses has failed. */
  readonly retry?: RetryPlan;
}

export interface SpillPlan {
  /** As written: paths are relative to the configuration. */
  readonly path: string;
  /** In bytes. */
  readonly max: number;
  readonly then: SpillThen;
}

export interface RetryPlan {
  /** How often a message is sent at most, the first time included. */
  readonly attempts: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Nothing else is sent while a message is unconfirmed or waits for its next try. */
  readonly inOrder: boolean;
}

/** What a message costs that could not be processed. */
export type OnError = 'discard' | 'nack' | 'hold' | { readonly deadLetter: string };
