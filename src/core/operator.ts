/** What an operator is: a function between observables of messages, declared once for code and YAML. */
import type { OperatorFunction, SchedulerLike } from 'rxjs';
import type { Log } from './log.ts';
import type { Message } from './message.ts';
import type { Parsed, Schema } from './schema.ts';
import { asyncStep } from './step-async.ts';
import { fnStep } from './step-fn.ts';
import { rxStep } from './step-rx.ts';

/** What the runtime gives a step when it compiles a route. */
export interface StepContext {
  /** Where the step stands, as people read it: `orders.via[1] filter`. */
  readonly name: string;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

/**
 * What a `fn` or `async` step returns for a message: the new payload, `null` to discard the message, or a list
 * for as many messages. A `Message` made of the one it was given (`message.with(…)`) changes meta as well.
 */
export type StepResult = unknown;

export type MessageOperator = OperatorFunction<Message, Message>;

interface Declared<S extends Schema> {
  /** The verb it is called by in YAML. */
  readonly name: string;
  /** One sentence: what it does to messages. */
  readonly summary: string;
  readonly options: S;
}

/** Runs for one message at a time; the runtime settles, and a throw costs one message. */
export interface FnOperator<S extends Schema = Schema> extends Declared<S> {
  readonly kind: 'fn';
  create(options: Parsed<S>, context: StepContext): (message: Message) => StepResult;
}

/** Runs for several messages at once; their results leave in the order the messages came. */
export interface AsyncOperator<S extends Schema = Schema> extends Declared<S> {
  readonly kind: 'async';
  /** How many run at once; 16 unless given. */
  readonly concurrency?: number;
  /** How long one may take, in milliseconds; 30,000 unless given. Then the message is nacked. */
  readonly deadlineMs?: number;
  create(
    options: Parsed<S>,
    context: StepContext,
  ): (message: Message, signal: AbortSignal) => Promise<StepResult> | StepResult;
}

/** Any RxJS operator. It must forward or settle each message it takes, unless it declares itself opaque. */
export interface RxOperator<S extends Schema = Schema> extends Declared<S> {
  readonly kind: 'rx';
  /**
   * `preserved`: what it takes it forwards, settles or keeps, and what it keeps when it fails is failed.
   * `opaque`: it may lose messages, so they are acked when it takes them: at most once beyond it.
   * `contained`: preserved, and it never ends or errors, as our own operators; nothing is tracked.
   */
  readonly obligations: 'preserved' | 'opaque' | 'contained';
  create(options: Parsed<S>, context: StepContext): MessageOperator;
}

export type OperatorDefinition<S extends Schema = Schema> = FnOperator<S> | AsyncOperator<S> | RxOperator<S>;

/**
 * Declares an operator; the options' types follow from the schema.
 *
 * @example
 * export default defineOperator({
 *   kind: 'fn', name: 'add-tenant', summary: 'Adds the tenant to each payload.',
 *   options: z.strictObject({ tenant: z.string() }),
 *   create: ({ tenant }) => (message) => ({ ...(message.payload as object), tenant }),
 * });
 */
export function defineOperator<S extends Schema>(definition: FnOperator<S>): FnOperator<S>;
export function defineOperator<S extends Schema>(definition: AsyncOperator<S>): AsyncOperator<S>;
export function defineOperator<S extends Schema>(definition: RxOperator<S>): RxOperator<S>;
export function defineOperator(definition: OperatorDefinition): OperatorDefinition {
  return definition;
}

/** The operator of a declared step, with every failure contained to the message that caused it. */
export function stepOf(
  definition: OperatorDefinition,
  options: unknown,
  context: StepContext,
): MessageOperator {
  switch (definition.kind) {
    case 'fn':
      return fnStep(context.name, definition.create(options, context));
    case 'async':
      return asyncStep(context.name, definition.create(options, context), {
        concurrency: definition.concurrency,
        deadlineMs: definition.deadlineMs,
        scheduler: context.scheduler,
      });
    case 'rx': {
      const operator = definition.create(options, context);
      if (definition.obligations === 'contained') return operator;
      return rxStep(context.name, operator, { isOpaque: definition.obligations === 'opaque' });
    }
    default:
      return definition satisfies never;
  }
}
