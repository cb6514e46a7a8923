/** Writes a line to the log as messages pass. */
import type { SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import type { Message } from '../src/core/message.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { createRateLimitedLog } from '../src/core/rate-limited-log.ts';
import { stage } from '../src/core/stage.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { value } from '../src/expression/option.ts';
import { duration } from '../src/options/duration.ts';
import { shortForm } from '../src/options/short-form.ts';

export interface LogStepOptions {
  /** `info` unless given. */
  readonly level?: keyof Log | undefined;
  /** What the line says; the name of the step unless given. */
  readonly text?: string | undefined;
  /** More fields, each made of a message. One that throws says so in its place. */
  readonly fields?: Readonly<Record<string, (message: Message) => unknown>> | undefined;
  /** The shortest time between two lines; a second unless given. 0 writes a line for each message. */
  readonly everyMs?: number | undefined;
  /** Where the step stands. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const EVERY_MS = 1_000;

/**
 * Writes a line about a message and forwards it as it is: with its id, and its key and endpoint where it has them. The
 * payload is written under `debug` alone, or where a field asks for it: logs are read by more people than messages
 * are meant for. Lines are limited; how many messages passed without one is in the next, as `suppressed`.
 *
 * ```
 * source  ──a──b──c──▶
 *         log(server.log)  {"id":"1"} … {"id":"3","suppressed":1}
 *         ──a──b──c──▶
 * ```
 *
 * @param to where the lines go.
 * @example
 * ```yaml
 * via:
 *   - log: an order came in
 *   - log: { level: debug }
 *   - log: { message: large order, fields: { total: payload.total }, every: 10s }
 * ```
 */
export function log(to: Log, options: LogStepOptions = {}): MessageOperator {
  const { level = 'info', fields = {}, everyMs = EVERY_MS, name = 'log', text = name } = options;
  const { scheduler = turnScheduler } = options;
  const own = Object.entries(fields);

  return stage((target) => {
    const write = createRateLimitedLog({ log: to, level, everyMs, scheduler });

    return (message) => {
      write(() => fieldsOf(message, level, own), text);
      target.next(message);
    };
  });
}

function fieldsOf(
  message: Message,
  level: keyof Log,
  own: readonly (readonly [string, (message: Message) => unknown])[],
): object {
  const { id, meta } = message;
  const fields: Record<string, unknown> = { id };
  if (meta.key !== undefined) fields['key'] = meta.key;
  if (meta.endpoint !== undefined) fields['endpoint'] = meta.endpoint;
  if (level === 'debug') fields['payload'] = valueOf(() => message.payload);
  for (const [name, of] of own) fields[name] = valueOf(() => of(message));
  return fields;
}

/** Nothing that a log line is made of may cost the message: what cannot be written says so. */
function valueOf(of: () => unknown): unknown {
  try {
    const value = of();
    if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
    // As text, so that the limit for fields holds for it too.
    return JSON.stringify(value);
  } catch (thrown) {
    return `(${AraldoError.from(thrown, 'step-failed').message})`;
  }
}

/** The configuration's word for a level is the original's. */
const levels = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' } as const;

interface Settings {
  readonly level: keyof typeof levels;
  readonly message?: string | undefined;
  readonly fields?: Readonly<Record<string, (message: Message) => unknown>> | undefined;
  readonly every: number;
}

const words = Object.keys(levels) as (keyof typeof levels)[];

const options: z.ZodType<Settings> = shortForm(
  z.string().transform((message): Settings => ({ level: 'info', message, every: EVERY_MS })),
  z.strictObject({
    level: z.enum(words).default('info').describe('How important a line is; under debug it has the payload.'),
    message: z.string().optional().describe('What the line says; the place of the step unless given.'),
    fields: z.record(z.string(), value()).optional().describe('More fields of the line, each in CEL.'),
    every: duration({ min: 0 })
      .default(EVERY_MS)
      .describe('The shortest time between two lines; 0s writes all, 1s unless given.'),
  }),
  'what the line says',
);

export const logStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'log',
  summary: 'Writes a line to the log as messages pass, at a limited rate.',
  options,
  create: ({ level, message, fields, every }, { name, log: to, scheduler }) =>
    log(to, { level: levels[level], text: message, fields, everyMs: every, name, scheduler }),
});
