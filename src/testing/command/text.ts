/** Paragraphs, lists and timelines in the columns of a terminal. */
import { displayWidth, wrap } from '../../config/columns.ts';
import { printable } from '../../config/problem.ts';
import { formatDuration } from '../../options/duration.ts';
import type { Happening } from '../timeline.ts';
import { shortened } from './happenings.ts';
import type { Palette } from './paint.ts';

export interface Page {
  /** Columns. */
  readonly width: number;
  readonly palette: Palette;
}

const NARROWEST = 40;

export function pageOf(width: number, palette: Palette): Page {
  return { width: Math.max(NARROWEST, width), palette };
}

/** A paragraph whose lines but the first are indented as far as what follows the mark. */
export function hanging(mark: string, text: string, indent: number, { width }: Page): readonly string[] {
  const room = width - indent - displayWidth(mark);
  const [first = '', ...more] = wrap(printable(text), room);
  const margin = ' '.repeat(indent);
  return [
    `${margin}${mark}${first}`,
    ...more.map((line) => `${margin}${' '.repeat(displayWidth(mark))}${line}`),
  ];
}

/** Cut off where the terminal ends. */
export function cut(text: string, room: number): string {
  const line = printable(text);
  if (displayWidth(line) <= room) return line;
  let kept = '';
  for (const character of line) {
    if (displayWidth(kept + character) > room - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Of a line, what is left for who did it. */
const SHARE_OF_WHO = 0.4;

/** A line for each happening: when, who, what. */
export function timelineLines(all: readonly Happening[], indent: number, page: Page): readonly string[] {
  const { first, left, last } = shortened(all);
  const shown = [...first, ...last];
  const times = shown.map(({ atMs }) => formatDuration(atMs));
  const widestTime = Math.max(...times.map((time) => time.length), 2);
  const longest = Math.max(...shown.map(({ who }) => displayWidth(who)), 0);
  const widestWho = Math.min(Math.floor(page.width * SHARE_OF_WHO), longest);
  const lines = shown.map(({ who, what }, place) => {
    const time = (times[place] ?? '').padStart(widestTime);
    const head = `${' '.repeat(indent)}${page.palette.faint(time)}  ${padded(cut(who, widestWho), widestWho)}  `;
    return `${head}${cut(what, page.width - indent - widestTime - widestWho - 4)}`;
  });
  if (left === 0) return lines;
  const gap = `${' '.repeat(indent + widestTime)}  … ${left} more …`;
  return [...lines.slice(0, first.length), page.palette.faint(gap), ...lines.slice(first.length)];
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
