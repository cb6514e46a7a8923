/** Problems as a person reads them on a terminal: the sentence, the lines around it, what may have been meant. */

import { displayWidth, wrap } from './columns.ts';
import type { Warning } from './configuration.ts';
import { type Frame, lineOf, type Problem, printable } from './problem.ts';

export { ConfigurationError } from './problem.ts';

export interface RenderOptions {
  /** With ANSI colours; without unless given. */
  readonly color?: boolean;
  /** Columns of the terminal; 80 unless given. */
  readonly width?: number;
  /** What becomes of it, after the count. */
  readonly outcome?: string;
}

type Paint = (text: string) => string;

interface Style {
  readonly error: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
  readonly hint: Paint;
}

const ansi =
  (code: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`;
const plainStyle: Style = { error: same, strong: same, faint: same, hint: same };
const colorStyle: Style = { error: ansi(31), strong: ansi(1), faint: ansi(2), hint: ansi(36) };

const NARROWEST = 40;

/**
 * All problems, without a line end after the last.
 *
 * ```
 * ✖ routes.orders.via[2]: no operator or chain has this name; there are: filter, map
 *   (araldo.yaml:31:9)
 *
 *   29 │   orders:
 *   30 │     via:
 *   31 │       - filtre: payload.qty > 0
 *      │         ^^^^^^ did you mean filter?
 *
 *   unknown-name
 * ```
 */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  const { color = false, width = 80, outcome = 'nothing was started' } = options;
  const style = color ? colorStyle : plainStyle;
  const columns = Math.max(NARROWEST, width);
  const rendered = problems.map((problem) => renderProblem(problem, style, columns));
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const end = style.faint(`${count}; ${outcome}`);
  return [...rendered, end].join('\n\n');
}

/** A line for each warning, with a line end; nothing when there are none. */
export function renderWarnings(warnings: readonly Warning[], options: RenderOptions = {}): string {
  const { width = 80 } = options;
  return warnings
    .map((warning) => `${hang(wrap(`warning: ${lineOf(warning)}`, Math.max(NARROWEST, width) - 2))}\n`)
    .join('');
}

function renderProblem(problem: Problem, style: Style, columns: number): string {
  const [first = '', ...more] = wrap(lineOf(problem), columns - 2);
  const sentence = [
    `${style.error('✖')} ${style.strong(first)}`,
    ...more.map((line) => `  ${style.strong(line)}`),
  ];
  const { frame, suggestion } = problem;
  const code = style.faint(problem.code);
  if (frame !== undefined) {
    return [...sentence, '', ...renderFrame(frame, suggestion, style, columns), '', `  ${code}`].join('\n');
  }
  const hint = suggestion === undefined ? [] : [`  ${style.hint(printable(suggestion))}`];
  return [...sentence, ...hint, `  ${code}`].join('\n');
}

function renderFrame(frame: Frame, suggestion: string | undefined, style: Style, columns: number): string[] {
  const digits = String(frame.lines.at(-1)?.number ?? 1).length;
  const room = columns - digits - 5;
  const target = frame.lines.find(({ number }) => number === frame.line)?.text ?? '';
  const before = printable(target.slice(0, frame.column - 1));
  const marked = printable(target.slice(frame.column - 1, frame.column - 1 + frame.length));
  // All lines are moved to the left together, so that their indentation still tells their nesting.
  const shift = Math.max(0, displayWidth(before) + Math.min(displayWidth(marked), 20) - room + 2);

  const gutter = (label: string): string => style.faint(`  ${label.padStart(digits)} │`);
  const lines: string[] = [];
  for (const { number, text } of frame.lines) {
    const shown = clip(printable(text), shift, room);
    lines.push(`${gutter(String(number))}${shown === '' ? '' : ` ${shown}`}`);
    if (number !== frame.line) continue;
    const at = displayWidth(before) - shift;
    const carets = '^'.repeat(Math.max(1, Math.min(displayWidth(marked.trimEnd()), room - at)));
    const pointer = `${gutter('')} ${' '.repeat(at)}${style.error(carets)}`;
    if (suggestion === undefined) lines.push(pointer);
    else if (at + carets.length + 1 + displayWidth(suggestion) <= room) {
      lines.push(`${pointer} ${style.hint(printable(suggestion))}`);
    } else {
      const start = Math.max(0, Math.min(at, room - displayWidth(suggestion)));
      lines.push(pointer, `${gutter('')} ${' '.repeat(start)}${style.hint(printable(suggestion))}`);
    }
  }
  return lines;
}

/** `room` columns of a text, from column `from` on, with … where something is cut off. */
function clip(text: string, from: number, room: number): string {
  const shown: string[] = [];
  let column = 0;
  let isCutShort = false;
  for (const character of text) {
    const width = displayWidth(character);
    isCutShort = column + width > from + room;
    if (isCutShort) break;
    // A wide character half cut off leaves its other half empty.
    if (column >= from) shown.push(character);
    else if (column + width > from) shown.push(' ');
    column += width;
  }
  if (from > 0 && shown.some((character) => character !== ' ')) shown[0] = '…';
  if (isCutShort) shown[shown.length - 1] = '…';
  return shown.join('').trimEnd();
}

function hang(lines: readonly string[]): string {
  return lines.join('\n  ');
}

function same(text: string): string {
  return text;
}
