/** What an operator is: a function between observables of messages, declared once for code and YAML. */
import type { Observable, OperatorFunction, SchedulerLike } from 'rxjs';
import type { Log } from './log.ts';
import type { Marshaller } from './marshaller.ts';
import type { Message } from './message.ts';
import type { OptionFiles } from './option-files.ts';
import type { Parsed, Schema, SchemaResult } from './schema.ts';
import { asyncStep } from './step-async.ts';
import { fnStep } from './step-fn.ts';
import { rxStep, type StepInside } from './step-rx.ts';

/** What the runtime gives a step when it compiles a route. */
export interface StepContext {
  /** Where the step stands, as people read it: `orders.via[1] filter`. */
  readonly name: string;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** Emits again and again while the server drains: what is kept only because more may come should leave. */
  readonly flushOn?: Observable<unknown> | undefined;
  /** The marshaller that the options of the step name: see `Declared.marshaller`. */
  readonly marshaller?: ((name: string) => Marshaller) | undefined;
  /** Watches over what steps of the kind `rx` have inside. */
  readonly watch?: ((inside: StepInside) => void) | undefined;
}

/**
 * What a `fn` or `async` step returns for a message: the new payload, `null` to discard the message, or a list
 * for as many messages. A `Message` made of the one it was given (`message.with(…)`) changes meta as well.
 */
export type StepResult = unknown;

export type { OptionFiles } from './option-files.ts';

export type MessageOperator = OperatorFunction<Message, Message>;

/** A step as its configuration is read: the operator that was found, and what its schema made of the options. */
export interface Step {
  /** What the operator is called by. */
  readonly use: string;
  readonly definition: OperatorDefinition;
  readonly options: unknown;
}

/**
 * Steps within options: of each entry in the list at the key `list`, the ones at its key `steps`. The schema takes any
 * list there; `create` finds `Step`s in it.
 */
export interface Branching {
  readonly list: string;
  readonly steps: string;
  /** The key of what leads a message there, for people who look at the graph. */
  readonly label: string;
  /** What leads messages past all of them, if anything does. */
  rest?(options: unknown): string | undefined;
}

interface Declared<S extends Schema> {
  /** The verb it is called by in YAML. */
  readonly name: string;
  /** One sentence: what it does to messages. */
  readonly summary: string;
  readonly options: S;
  /** The steps that its options hold. */
  readonly branching?: Branching;
  /**
   * Reads what the options name, after their schema and before anything opens. What it gives takes the place of the
   * options; its issues, and what it rejects with, are problems of the configuration at their place.
   */
  prepare?(options: Parsed<S>, files: OptionFiles): Promise<SchemaResult<Parsed<S>>>;
  /** The name of the marshaller that its options ask for; a configuration without it is refused. */
  marshaller?(options: Parsed<S>): string;
  /**
   * How many messages it takes for one that leaves; a configuration whose sources have no places for so many is
   * refused. 0 where one may leave as several. Unless given, 1 for a contained operator and 0 for any other.
   */
  gathers?(options: Parsed<S>): number;
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
  /**
   * What leaves it in the order in which it came: all messages, those of one key, or none. Unless it says so, `all`
   * of a contained operator, and `none` of any other.
   */
  order?(options: Parsed<S>): 'all' | 'key' | 'none';
  /** Whether what leaves for a message leaves before the next one comes, so that none overtakes it on another way. */
  readonly isInstant?: true;
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

/** The operators of the steps within the options of another, which are named by their place in it. */
export function stepsOf(steps: readonly Step[], place: string, context: StepContext): MessageOperator[] {
  return steps.map(({ use, definition, options }, index) =>
    stepOf(definition, options, { ...context, name: `${context.name} ${place}[${index}] ${use}` }),
  );
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
      return rxStep(context.name, operator, {
        isOpaque: definition.obligations === 'opaque',
        watch: context.watch,
      });
    }
    default:
      return definition satisfies never;
  }
}
