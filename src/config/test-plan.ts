/** What `tests:` say, as plain data in its normal form: every short form made long, every default written out. */
import type { Meta } from '../core/message.ts';

/** An example of what the routes do: stages that follow each other, each with what is given and what is expected. */
export interface TestPlan {
  readonly name: string;
  /** At least one; each begins when the one before it has been looked at. */
  readonly stages: readonly StagePlan[];
}

export interface StagePlan {
  readonly given: readonly GivenPlan[];
  /** By the name of the endpoint; of the others nothing is asked. */
  readonly expect: Readonly<Record<string, ExpectPlan>>;
}

/** Something that the outside world does, or time. */
export type GivenPlan =
  | SendPlan
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'stall' | 'resume'; readonly sink: string }
  | RefusePlan
  /** Each message is refused once, and taken when it comes again. */
  | { readonly do: 'refuse-once'; readonly sink: string }
  /** From now on it confirms so long after it was sent a message. */
  | { readonly do: 'slow'; readonly sink: string; readonly ms: number }
  | { readonly do: 'down' | 'up'; readonly endpoint: string }
  | { readonly do: 'hold' | 'release'; readonly source: string }
  /** A step throws at the next message: `orders.via[0]`. */
  | { readonly do: 'throw'; readonly step: string }
  | { readonly do: 'restart' };

/** An endpoint gives the relay a message. */
export interface SendPlan {
  readonly do: 'send';
  readonly from: string;
  readonly content: ContentPlan;
  readonly meta: Meta;
  readonly times: number;
  /** The step that throws at it, however often it comes: `orders.via[0]`. */
  readonly throwsIn?: string;
}

/** A sink refuses the next so many messages, or all of which the condition (CEL) is true. */
export interface RefusePlan {
  readonly do: 'refuse';
  readonly sink: string;
  readonly times?: number;
  readonly when?: string;
}

/** A value, which the endpoint's marshaller makes bytes of where bytes travel; or what travels itself. */
export type ContentPlan =
  | { readonly payload: unknown }
  | { readonly text: string }
  | { readonly base64: string };

export const fates = ['acked', 'nacked', 'rejected', 'lost', 'open'] as const;
export type FateWord = (typeof fates)[number];

export interface ExpectPlan {
  /** What a sink receives in this stage, all of it; a number asks for no more than that. Absent: anything. */
  readonly receives?: readonly MessagePlan[] | number;
  readonly inAnyOrder?: true;
  /** How many of the messages that came from a source in this test so far have which fate. */
  readonly fates?: Readonly<Partial<Record<FateWord, number>>>;
}

/** A message that a sink receives; what is absent is not asked. */
export interface MessagePlan {
  /** Equal to this. */
  readonly payload?: unknown;
  /** Has all that this has, and may have more. */
  readonly like?: unknown;
  /** The bytes that travel, as text. */
  readonly text?: string;
  readonly base64?: string;
  /** CEL: true of it. */
  readonly when?: string;
  /** Has all of this among its meta. */
  readonly meta: Meta;
  /** The code of what a dead letter has failed of. */
  readonly error?: string;
  /** How long after the stage began. */
  readonly at?: { readonly minMs: number; readonly maxMs: number };
  readonly times: number;
}
