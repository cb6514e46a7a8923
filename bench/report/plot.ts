/** Curves over a logarithmic axis as SVG, with a band that a flat curve stays in. */
import { short } from './number.ts';

export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** How far a point may lie from the first one, as a share, and still be flat. */
  readonly band: number;
}

const WIDTH = 360;
const HEIGHT = 260;
const MARGIN = { top: 34, right: 16, bottom: 44, left: 58 };
const TICKS = 4;

/** Panels side by side. */
export function renderPlots(plots: readonly Plot[]): string {
  const panels = plots.map(
    (plot, place) => `<g transform="translate(${place * WIDTH} 0)">${panel(plot)}</g>`,
  );
  const width = plots.length * WIDTH;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function panel({ title, x, y, points, band }: Plot): string {
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const first = points[0];
  const logs = points.map((point) => Math.log10(point.x));
  const least = Math.min(...logs);
  const most = Math.max(...logs);
  const top = Math.max(...points.map((point) => point.y), (first?.y ?? 0) * (1 + band)) * 1.15 || 1;
  const acrossOf = (value: number): number =>
    MARGIN.left + ((Math.log10(value) - least) / (most - least || 1)) * (right - MARGIN.left);
  const downOf = (value: number): number => bottom - (value / top) * (bottom - MARGIN.top);
  const place = (point: { x: number; y: number }): string =>
    `${acrossOf(point.x).toFixed(1)},${downOf(point.y).toFixed(1)}`;

  const bands =
    first === undefined
      ? ''
      : rectangle(MARGIN.left, downOf(first.y * (1 + band)), right, downOf(first.y * (1 - band)));
  const levels = Array.from({ length: TICKS + 1 }, (_, tick) => (top / TICKS) * tick).map(
    (level) =>
      `<line x1="${MARGIN.left}" x2="${right}" y1="${downOf(level).toFixed(1)}" y2="${downOf(level).toFixed(1)}" stroke="#e5e5e5"/>` +
      text(MARGIN.left - 6, downOf(level) + 4, short(level), 'end'),
  );
  const marks = points.map(
    (point) =>
      `<circle cx="${acrossOf(point.x).toFixed(1)}" cy="${downOf(point.y).toFixed(1)}" r="3" fill="#1f6feb"/>` +
      text(acrossOf(point.x), bottom + 16, short(point.x), 'middle'),
  );
  return [
    bands,
    ...levels,
    `<polyline points="${points.map(place).join(' ')}" fill="none" stroke="#1f6feb" stroke-width="1.5"/>`,
    ...marks,
    text(MARGIN.left, 18, title, 'start', 'font-weight="600" font-size="13"'),
    text((MARGIN.left + right) / 2, HEIGHT - 10, x, 'middle'),
    `<text transform="translate(12 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle" fill="#444">${escaped(y)}</text>`,
  ].join('');
}

function rectangle(left: number, top: number, right: number, bottom: number): string {
  return `<rect x="${left}" y="${top.toFixed(1)}" width="${right - left}" height="${(bottom - top).toFixed(1)}" fill="#1f6feb" opacity="0.1"/>`;
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#444" ${more}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
