/** What is wrong with a configuration: every problem with its place, all of them thrown at once. */
import { AraldoError, type ErrorCode, type Place } from '../core/errors.ts';
import { redactor } from './redact.ts';

/** Part of the configuration that a problem can point at. */
export interface Spot {
  readonly place: Place;
  /** How many characters to underline, from the place on. */
  readonly length: number;
}

export interface Problem {
  readonly code: ErrorCode;
  /** What was expected, what was found, what to do; without the path and the place. */
  readonly text: string;
  readonly place: Place;
  /** The whole sentence: `did you mean path?`. */
  readonly suggestion?: string;
  /** Absent where there is no text: a configuration given as an object. */
  readonly frame?: Frame;
}

/** The lines around a problem, as they stand in the file: variables are names there, never values. */
export interface Frame {
  readonly lines: readonly FrameLine[];
  /** The line of the problem, and what to underline in it: columns start at 1. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface FrameLine {
  readonly number: number;
  readonly text: string;
}

/** More than these nobody reads at once; the time that a broken file takes is bounded by them. */
export const MAX_PROBLEMS = 100;

/** Lines shown before and after the one with the problem. */
const CONTEXT_LINES = 2;

/**
 * The configuration is wrong; nothing was started. `code` is that of the first problem, `message` has a line
 * for each.
 *
 * @example
 * try {
 *   await loadConfiguration({ file: 'araldo.yaml' }, { registry });
 * } catch (error) {
 *   if (error instanceof ConfigurationError) console.error(renderProblems(error.problems));
 * }
 */
export class ConfigurationError extends AraldoError {
  /** In the order of the file. At least one, and at most 100: reading stops there. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems[0]?.code ?? 'invalid-value', problems.map(lineOf).join('\n'), {
      ...(problems[0] === undefined ? {} : { place: problems[0].place }),
    });
    this.problems = problems;
  }
}

/** `routes.a.to: expected …, found … (araldo.yaml:31:13)`. */
export function lineOf({ place, text }: { readonly place: Place; readonly text: string }): string {
  const path = place.path === undefined || place.path === '' ? '' : `${place.path}: `;
  const position = positionOf(place);
  return printable(`${path}${text}${position === '' ? '' : ` (${position})`}`);
}

/** `araldo.yaml:31:13`, or as much of it as there is. */
export function positionOf({ file, line, column }: Place): string {
  if (line === undefined) return file ?? '';
  return `${file ?? 'line '}${file === undefined ? '' : ':'}${line}:${column ?? 1}`;
}

/** Keys and values end up on terminals: what is not printable could rewrite what stands there. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, (character) => (character === '\t' ? ' ' : '\ufffd'));
}

export interface ReportOptions {
  readonly suggestion?: string | undefined;
}

/** Where the parts of config report what they find, and go on. */
export interface Problems {
  readonly count: number;
  /** Throws at the 100th. */
  report(code: ErrorCode, spot: Spot, text: string, options?: ReportOptions): void;
  /** From now on these values are kept out of texts. */
  hide(secrets: readonly string[]): void;
  /** Throws a `ConfigurationError` with all that was reported, if anything was. */
  throwIfAny(): void;
  /** Throws it at once: after this problem there is nothing more to read. */
  fail(): never;
}

/** `text` is what the frames are cut from. */
export function createProblems(text?: string): Problems {
  const problems: Problem[] = [];
  let lines: readonly string[] | undefined;
  let redact = (clear: string): string => clear;

  const frameOf = ({ place, length }: Spot): Frame | undefined => {
    if (text === undefined || place.line === undefined) return undefined;
    lines ??= text.split(/\r?\n/);
    const first = Math.max(1, place.line - CONTEXT_LINES);
    const after = lines.slice(place.line, place.line + CONTEXT_LINES);
    while (after.at(-1)?.trim() === '') after.pop();
    const shown = [...lines.slice(first - 1, place.line), ...after];
    return {
      lines: shown.map((line, index) => ({ number: first + index, text: line })),
      line: place.line,
      column: place.column ?? 1,
      length: Math.max(1, length),
    };
  };

  const fail = (): never => {
    const inFileOrder = problems.toSorted(
      (a, b) => (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0),
    );
    throw new ConfigurationError(inFileOrder);
  };

  return {
    get count() {
      return problems.length;
    },
    report(code, spot, words, { suggestion } = {}) {
      const frame = frameOf(spot);
      problems.push({
        code,
        text: redact(words),
        place: spot.place,
        ...(suggestion === undefined ? {} : { suggestion: redact(suggestion) }),
        ...(frame === undefined ? {} : { frame }),
      });
      if (problems.length >= MAX_PROBLEMS) fail();
    },
    hide(secrets) {
      redact = redactor(secrets);
    },
    throwIfAny: () => {
      if (problems.length > 0) fail();
    },
    fail,
  };
}
