/** Makes one message of all that come in a span of time. */
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { z } from 'zod';
import { HeldSources } from '../src/core/held-sources.ts';
import { joinMeta } from '../src/core/join-meta.ts';
import { keyOf } from '../src/core/key.ts';
import { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { failStep } from '../src/core/step-fn.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { type Aggregate, aggregate } from '../src/expression/aggregate.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';

/** From when to when, in milliseconds of the clock; `meta.window` of what leaves. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface WindowOptions<Item = unknown> {
  /** How long a window is. */
  readonly ms: number;
  /** How long after one window the next begins: shorter, and they overlap. `ms` unless given. */
  readonly slideMs?: number | undefined;
  /** A window for each key. A throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** What is taken of each message; its payload unless given. A throw costs the message. */
  readonly of?: ((message: Message) => Item) | undefined;
  /** The payload of what leaves; the list of what was taken unless given. A throw costs all in the window. */
  readonly with?: ((items: readonly Item[], span: Span) => unknown) | undefined;
  /** How many messages are kept in all windows, before their sources are held; 65,536 unless given. */
  readonly capacity?: number | undefined;
  /** Whenever it emits, all open windows leave. */
  readonly flushOn?: Observable<unknown> | undefined;
  /** Where the step stands, for errors and where it holds a gate. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const CAPACITY = 65_536;

/** A message in as many windows at once would be counted as often. */
const MOST_OVERLAPPING = 1_000;

interface Open<Item> {
  readonly key: unknown;
  readonly span: Span;
  readonly parts: Message[];
  readonly items: Item[];
}

/**
 * Forwards one message for each window in which any came, when the window ends. Windows begin at multiples of the
 * slide on the clock: a window of a minute is a minute as people read it. With a slide that is shorter than a window
 * they overlap, and a message is in several. What counts is when a message comes here, not what it says of itself.
 *
 * A message is settled when all windows that it is in are, with the worst status among them. Until then it takes up a
 * place in the window of its source, which gives no more than `max-in-flight` messages: that must be more than come in
 * the time.
 *
 * ```
 * source  ──1──2──|──3─────|────────|──4──|   minutes
 *         window({ ms: 60_000, with: sum })
 *         ────────3────────3──────────────4
 * ```
 *
 * @example
 * ```yaml
 * via:
 *   - window: 10s
 *   - window:
 *       every: 1m
 *       slide: 10s
 *       key: payload.sensor
 *       with: { readings: count, mean: { mean: payload.celsius }, newest: { last: payload } }
 * ```
 */
export function window<Item = unknown>(options: WindowOptions<Item>): MessageOperator {
  const { ms, slideMs = ms, key, of = payloadOf, with: aggregate, capacity = CAPACITY, flushOn } = options;
  const { name = 'window', scheduler = turnScheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      /** By start, the oldest first, then by key. Sources are held from `capacity` messages on. */
      const open = new Map<number, Map<unknown, Open<Item>>>();
      /** In all windows; one that is in several counts as often. */
      let kept = 0;
      const sources = new HeldSources(name);
      let timer: Subscription | undefined;

      /** Takes out the oldest window that has ended by then. */
      const takeEnded = (now: number): Open<Item> | undefined => {
        for (const [start, byKey] of open) {
          if (start + ms > now) return undefined;
          for (const [key, window] of byKey) {
            byKey.delete(key);
            kept -= window.parts.length;
            return window;
          }
          open.delete(start);
        }
        return undefined;
      };

      const emitEnded = (now: number): void => {
        for (let ended = takeEnded(now); ended !== undefined; ended = takeEnded(now)) emit(ended);
        if (kept <= capacity >> 1) sources.release();
      };

      const emit = ({ key, span, parts, items }: Open<Item>): void => {
        const meta = { ...joinMeta(parts, key), window: span };
        const joined: Message = Message.join(parts, items, meta);
        if (aggregate === undefined) {
          subscriber.next(joined);
          return;
        }
        let payload: unknown;
        try {
          payload = aggregate(items, span);
        } catch (thrown) {
          failStep(name, joined, thrown);
          return;
        }
        subscriber.next(joined.with(payload));
      };

      const arm = (): void => {
        const [first] = open.keys();
        if (timer !== undefined || first === undefined || subscriber.closed) return;
        timer = scheduler.schedule(
          () => {
            timer = undefined;
            emitEnded(scheduler.now());
            arm();
          },
          Math.max(0, first + ms - scheduler.now()),
        );
      };

      const windowOf = (start: number, key: unknown): Open<Item> => {
        const byKey = open.get(start) ?? new Map<unknown, Open<Item>>();
        open.set(start, byKey);
        const window = byKey.get(key) ?? { key, span: { start, end: start + ms }, parts: [], items: [] };
        byKey.set(key, window);
        return window;
      };

      const keep = (message: Message, key: unknown, item: Item, now: number): void => {
        const newest = now - (now % slideMs);
        const count = Math.ceil((ms - (now - newest)) / slideMs);
        // In a gap between windows that are shorter than their slide.
        if (count <= 0) {
          message.discard('no-window');
          return;
        }
        // All obligations exist before the first window can discharge one.
        if (count > 1) {
          message.retain(count - 1);
          message.route?.made(count - 1);
        }
        const own = message.unpinned();
        for (let place = count - 1; place >= 0; place -= 1) {
          const window = windowOf(newest - place * slideMs, key);
          window.parts.push(own);
          window.items.push(item);
        }
        kept += count;
        arm();
        if (kept >= capacity) sources.hold(message);
      };

      if (flushOn !== undefined) {
        subscriber.add(flushOn.subscribe(() => emitEnded(Number.POSITIVE_INFINITY)));
      }
      subscriber.add(
        source.subscribe({
          next(message) {
            let group: unknown;
            let item: Item;
            try {
              group = keyOf(message, key);
              item = of(message);
            } catch (thrown) {
              failStep(name, message, thrown);
              return;
            }
            const now = scheduler.now();
            // Timers may be late; what has ended takes nothing more.
            emitEnded(now);
            if (subscriber.closed) message.giveBack('step-ended');
            else keep(message, group, item, now);
          },
          error: (error) => subscriber.error(error),
          complete() {
            emitEnded(Number.POSITIVE_INFINITY);
            subscriber.complete();
          },
        }),
      );
      subscriber.add(() => {
        timer?.unsubscribe();
        for (const byKey of open.values()) {
          for (const { parts } of byKey.values()) for (const part of parts) part.giveBack('step-ended');
        }
        open.clear();
        sources.release();
      });
    });
}

function payloadOf<Item>({ payload }: Message): Item {
  return payload as Item;
}

interface Settings {
  readonly every: number;
  readonly slide?: number | undefined;
  readonly key?: ((message: Message) => unknown) | undefined;
  readonly with?: Aggregate | undefined;
}

const options: z.ZodType<Settings> = shortForm(
  duration().transform((every) => ({ every })),
  z
    .strictObject({
      every: duration().describe('How long a window is.'),
      slide: duration().optional().describe('How long after one window the next begins; every unless given.'),
      key: value().optional().describe('A window for each value of this.'),
      with: aggregate()
        .optional()
        .describe('The payload to make: count, or sum, mean, min, max, first, last or list of a value.'),
    })
    .refine(({ every, slide = every }) => slide <= every && every / slide <= MOST_OVERLAPPING, {
      path: ['slide'],
      error: `expected a slide no longer than every, and no shorter than a ${MOST_OVERLAPPING}th of it`,
    }),
  'a duration such as 1m',
);

export const windowStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  name: 'window',
  summary: 'Makes one message of all that come in a span of time.',
  options,
  gathers: ({ slide }) => (slide === undefined ? 1 : 0),
  order: ({ key }) => (key === undefined ? 'all' : 'key'),
  create: ({ every, slide, key, with: aggregate }, { name, scheduler, flushOn }) =>
    window({
      ms: every,
      slideMs: slide,
      key,
      of: aggregate?.of,
      with: aggregate?.with,
      flushOn,
      name,
      scheduler,
    }),
});
