/** Logs: one line of JSON each on stderr, or a pretty one on a terminal. */
import { writeSync } from 'node:fs';
import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import type { LogLevel } from '../config/plan.ts';
import { redactor } from '../config/redact.ts';

export interface LogOptions {
  readonly level: LogLevel | 'silent';
  /** Never printed; asked for each line, so that a reload may bring others. */
  readonly secrets?: readonly string[] | (() => readonly string[]);
  readonly isPretty?: boolean;
  /** Takes whole lines; stderr unless given. */
  readonly write?: (line: string) => void;
}

/** No field is longer than this, in characters. */
const MAX_FIELD = 2048;

const STDERR = 2;

export async function createLog(options: LogOptions): Promise<Logger> {
  const redact = redacting(options.secrets ?? []);
  const write = options.write ?? writeToStderr;
  const lines: DestinationStream = { write: (line) => write(redact(line)) };
  const destination = options.isPretty === true ? await prettyTo(lines) : lines;
  return pino(
    {
      level: levelOf(options.level),
      base: null,
      formatters: { log: capFields },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}

/** The configuration's word for a level is the original's. */
export function levelOf(level: LogLevel | 'silent'): LevelWithSilent {
  return level === 'warning' ? 'warn' : level;
}

/** Made anew only when the list is another one. */
function redacting(secrets: readonly string[] | (() => readonly string[])): (text: string) => string {
  if (typeof secrets !== 'function') return redactor(secrets);
  let current = secrets();
  let redact = redactor(current);
  return (text) => {
    const latest = secrets();
    if (latest !== current) {
      current = latest;
      redact = redactor(latest);
    }
    return redact(text);
  };
}

function capFields(fields: Record<string, unknown>): Record<string, unknown> {
  let capped: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || value.length <= MAX_FIELD) continue;
    capped ??= { ...fields };
    capped[name] = `${value.slice(0, MAX_FIELD)}…`;
  }
  return capped ?? fields;
}

/** A log that cannot be written must not take the server down with it. */
function writeToStderr(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // EAGAIN on a full pipe, EPIPE on a closed one: there is nowhere left to say so.
  }
}

/** Loaded only for people: machines read the JSON. */
async function prettyTo(lines: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  return { write: (line) => lines.write(pretty(line)) };
}
