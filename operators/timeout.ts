/** Gives the rest of the route a deadline for every message. */
import { Observable, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { follow } from '../src/core/follow.ts';
import type { Message, Status } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { Timetable } from '../src/core/timetable.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';

const fates = ['fail', 'nack', 'discard'] as const;

/** `fail` gives it to the route's `on-error`; `nack` gives it back to its source; `discard` counts and acks it. */
export type Fate = (typeof fates)[number];

export interface TimeoutOptions {
  /** How long what follows may take to settle a message. */
  readonly ms: number;
  /** What becomes of a message that is not settled by then; `fail` unless given. */
  readonly fate?: Fate | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

/** Long enough for the event loop to read what arrived while this process stood still: see `deadline`. */
const LAST_LOOK_MS = 1_000;

/**
 * Forwards every message at once, and settles it by itself when what follows has not done so in time: a sink that
 * hangs, a leg that holds it, a later step that keeps it. How what follows settles it afterwards is ignored. It may
 * still be delivered then, and again if it went back to its source: whoever receives it must know its id.
 *
 * RxJS's `timeout` is about silence, and ends the stream; this is about each message, and ends nothing else.
 *
 * ```
 * source  ──a──b──────────────▶   what follows settles a, and not b
 *         timeout({ ms: 30_000 })
 *         ──a──b──────────────▶   b fails after 30 s: timed-out
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - timeout: 30s
 *   - timeout: { after: 5s, then: discard }
 * ```
 */
export function timeout(options: TimeoutOptions): MessageOperator {
  const { ms, fate = 'fail', name = 'timeout', scheduler = turnScheduler } = options;
  const lastLookMs = Math.min(LAST_LOOK_MS, ms / 2);

  return (source) =>
    new Observable((subscriber) => {
      // Both are bounded by what bounds what follows: the windows of the sources.
      const pending = new Timetable<Message, undefined>({
        scheduler,
        ms: ms - lastLookMs,
        onDue: (message) => late.set(message, undefined),
      });
      const late = new Timetable<Message, undefined>({
        scheduler,
        ms: lastLookMs,
        onDue: (message) => expire(message),
      });

      const settle = (message: Message, status: Status): void => {
        if (pending.delete(message) || late.delete(message)) message.settle(status);
      };

      const expire = (message: Message): void => {
        // What was forwarded goes on as a message of its own, for which nobody waits.
        message.route?.made(1);
        if (fate === 'discard') message.discard('timed-out');
        else if (fate === 'nack') message.giveBack('timed-out');
        else
          message.fail(new AraldoError('timed-out', `step ${name}: not settled within ${ms} ms`), {
            at: name,
          });
      };

      subscriber.add(
        source.subscribe({
          next(message) {
            // What no route has claimed is settled by nobody.
            if (!message.isClaimed) {
              subscriber.next(message);
              return;
            }
            pending.set(message, undefined);
            follow(message, settle, (fork) => subscriber.next(fork));
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
      // What is downstream is settled there.
      subscriber.add(() => {
        pending.stop();
        late.stop();
      });
    });
}

interface Settings {
  readonly after: number;
  readonly fate?: Fate | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  duration().transform((after) => ({ after })),
  z
    .strictObject({
      after: duration().describe('How long the rest of the route may take to settle a message.'),
      then: z.enum(fates).optional().describe('What becomes of one that is not settled; fail unless given.'),
    })
    .transform(({ after, then: fate }) => ({ after, fate })),
  'a duration such as 30s',
);

export const timeoutStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'timeout',
  summary: 'Gives the rest of the route a deadline for every message.',
  options,
  create: ({ after, fate }, { name, scheduler }) => timeout({ ms: after, fate, name, scheduler }),
});
