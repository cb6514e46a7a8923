/** Colours of a terminal, or none. */

export type Paint = (text: string) => string;

export interface Palette {
  readonly good: Paint;
  readonly bad: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
}

export function paletteOf(hasColor: boolean): Palette {
  return hasColor ? colors : plain;
}

const ansi =
  (code: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`;

const colors: Palette = { good: ansi(32), bad: ansi(31), strong: ansi(1), faint: ansi(2) };

const same: Paint = (text) => text;
const plain: Palette = { good: same, bad: same, strong: same, faint: same };
