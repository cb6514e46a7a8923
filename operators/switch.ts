/** Sends each message one of several ways. */
import { Observable, Subject } from 'rxjs';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import type { Message } from '../src/core/message.ts';
import {
  defineOperator,
  type MessageOperator,
  type RxOperator,
  type Step,
  stepsOf,
} from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { condition } from '../src/expression/option.ts';

/** A way, and the messages that take it. */
export interface SwitchCase {
  /** The first case of which this is true gets the message. A throw costs the message. */
  readonly when: (message: Message) => boolean;
  /** The operators that it passes; none let it pass as it is. */
  readonly via: readonly MessageOperator[];
}

const fates = ['pass', 'discard', 'fail'] as const;

export interface SwitchOptions {
  /** What becomes of a message that no case is for. There is no default: forgotten cases lose messages. */
  readonly unmatched: (typeof fates)[number];
  /** Where the step stands, for errors. */
  readonly name?: string;
}

/**
 * Sends each message through the operators of the first case whose condition is true of it, and forwards what comes of
 * them all. What no case is for passes as it is, is discarded as `unmatched`, or fails. Each case keeps the order that
 * its operators keep; what takes time in one case lets those of others go ahead.
 *
 * In YAML it is `switch`, a word that JavaScript has for itself.
 *
 * ```
 * source  ──1──2──3──4──▶
 *         switchTo([{ when: isEven, via: [map(double)] }], { unmatched: 'pass' })
 *         ──1──4──3──8──▶
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - switch:
 *       cases:
 *         - when: payload.kind == "order"
 *           via: [{ filter: payload.qty > 0 }, { split: payload.items }]
 *         - when: payload.kind == "ping"
 *           via: [{ filter: "false" }]
 *       unmatched: fail
 * ```
 */
export function switchTo(cases: readonly SwitchCase[], options: SwitchOptions): MessageOperator {
  const { unmatched, name = 'switch' } = options;

  return (source) =>
    new Observable((subscriber) => {
      let running = cases.length;
      let hasCompleted = false;
      const completeIfDone = (): void => {
        if (hasCompleted && running === 0) subscriber.complete();
      };
      const inputs = cases.map(({ via }) => {
        const input = new Subject<Message>();
        const output = via.reduce<Observable<Message>>((stream, step) => stream.pipe(step), input);
        subscriber.add(
          output.subscribe({
            next: (message) => subscriber.next(message),
            error: (error) => subscriber.error(error),
            complete() {
              running -= 1;
              completeIfDone();
            },
          }),
        );
        return input;
      });

      subscriber.add(
        source.subscribe({
          next(message) {
            let input: Subject<Message> | undefined;
            try {
              input = inputs[cases.findIndex(({ when }) => when(message))];
            } catch (thrown) {
              failStep(name, message, thrown);
              return;
            }
            if (input?.observed === true) input.next(message);
            else if (input !== undefined) failStep(name, message, ended());
            else if (unmatched === 'pass') subscriber.next(message);
            else if (unmatched === 'discard') message.discard('unmatched');
            else failStep(name, message, noCase());
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            for (const input of inputs) input.complete();
            completeIfDone();
          },
        }),
      );
    });
}

/** Only operators of the user's own end before their source does. */
function ended(): AraldoError {
  return new AraldoError('step-ended', 'the operators of the case have completed, and can take nothing more');
}

function noCase(): AraldoError {
  return new AraldoError('step-failed', 'expected a case for the message, found none; see unmatched:');
}

const MAX_CASES = 64;

interface Settings {
  readonly cases: readonly {
    readonly when: (message: Message) => boolean;
    readonly via: readonly unknown[];
  }[];
  readonly unmatched: (typeof fates)[number];
}

const options: z.ZodType<Settings> = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        when: condition(),
        via: z.array(z.unknown()).describe('The steps that its messages take, as in a route.'),
      }),
    )
    .min(1)
    .max(MAX_CASES)
    .describe('Each message takes the way of the first case whose condition is true of it.'),
  unmatched: z.enum(fates).describe('What becomes of a message that no case is for.'),
});

export const switchStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'switch',
  summary: 'Sends each message through the steps of the first case whose condition is true of it.',
  options,
  branching: {
    list: 'cases',
    steps: 'via',
    label: 'when',
    rest: (options) => ((options as Settings).unmatched === 'pass' ? 'otherwise' : undefined),
  },
  order: ({ cases }) => (cases.every((each) => stepsIn(each).every(isInstant)) ? 'all' : 'none'),
  gathers: ({ cases }) => gatheredBy(cases.map(stepsIn)),
  create({ cases, unmatched }, context) {
    const ways = cases.map((each, place) => ({
      when: each.when,
      via: stepsOf(stepsIn(each), `cases[${place}].via`, context),
    }));
    return switchTo(ways, { unmatched, name: context.name });
  },
});

/** By now they are steps: the configuration has read them. */
function stepsIn({ via }: Settings['cases'][number]): readonly Step[] {
  return via as readonly Step[];
}

function isInstant({ definition }: Step): boolean {
  return definition.kind === 'fn' || (definition.kind === 'rx' && definition.isInstant === true);
}

/** In the worst case each way lacks one message, and the next one that comes completes one of them. */
function gatheredBy(ways: readonly (readonly Step[])[]): number {
  const counts = ways.map((steps) => steps.reduce((count, step) => count * gatheredByStep(step), 1));
  return counts.includes(0) ? 0 : counts.reduce((sum, count) => sum + count - 1, 1);
}

function gatheredByStep({ definition, options }: Step): number {
  if (definition.gathers !== undefined) return definition.gathers(options);
  return definition.kind === 'rx' && definition.obligations === 'contained' ? 1 : 0;
}
