/** Cuts bytes into lines as they are asked for, so that whoever is paused in the middle of a piece goes on from there. */
import { Wire } from '../core/wire.ts';

export interface Line {
  /** Without its line break. */
  readonly wire: Wire;
  /** How many bytes have passed with it, its line break included: where the next line begins. */
  readonly end: number;
}

export interface LineSplitterOptions {
  /** The longest line, in bytes. */
  readonly maxLine: number;
  /** Told of a longer one, which is left out: how long it was. */
  readonly onTooLong: (bytes: number) => void;
  /** Where the first byte stands; 0 unless given. */
  readonly from?: number;
}

export interface LineSplitter {
  /** Adds what was read. It keeps all that it is given until `next` has passed it, but no more of a line than allowed. */
  push(chunk: Buffer): void;
  /** The next whole line; `undefined` when more must be pushed first. */
  next(): Line | undefined;
  /** What stands after the last line break, if anything: for an input that has ended. */
  rest(): Line | undefined;
  /** Where the line begins that is not passed yet. */
  readonly position: number;
}

const LF = 0x0a;

export function createLineSplitter({ maxLine, onTooLong, from = 0 }: LineSplitterOptions): LineSplitter {
  /** Read and not looked at: the caller pauses its input while there is something, so it is a piece or two. */
  const chunks: Buffer[] = [];
  /** The beginning of a line whose end has not come, `maxLine` bytes at most. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  /** Of the line at hand: how many bytes have passed that were not kept. */
  let skipped = 0;
  let at = 0;
  let position = from;

  const keep = (part: Buffer): void => {
    if (skipped > 0 || begunBytes + part.length > maxLine) {
      skipped += begunBytes + part.length;
      begun = [];
      begunBytes = 0;
    } else if (part.length > 0) {
      begun.push(part);
      begunBytes += part.length;
    }
  };

  /** Ends the line at hand; `breakBytes` of a line break follow it. `undefined` where it is too long. */
  const end = (last: Buffer, breakBytes: number): Line | undefined => {
    if (begun.length > 0 || skipped > 0) keep(last);
    else if (last.length > maxLine) skipped = last.length;
    const bytes = begun.length === 0 ? last : Buffer.concat(begun);
    const tooLong = skipped;
    position += (tooLong > 0 ? tooLong : bytes.length) + breakBytes;
    begun = [];
    begunBytes = 0;
    skipped = 0;
    if (tooLong === 0) return { wire: Wire.of(bytes), end: position };
    onTooLong(tooLong);
    return undefined;
  };

  return {
    get position() {
      return position;
    },
    push(chunk) {
      if (chunk.length > 0) chunks.push(chunk);
    },
    next() {
      for (let chunk = chunks[0]; chunk !== undefined; chunk = chunks[0]) {
        const found = chunk.indexOf(LF, at);
        if (found < 0) {
          keep(at === 0 ? chunk : chunk.subarray(at));
          chunks.shift();
          at = 0;
          continue;
        }
        const last = chunk.subarray(at, found);
        at = found + 1;
        if (at === chunk.length) {
          chunks.shift();
          at = 0;
        }
        const line = end(last, 1);
        if (line !== undefined) return line;
      }
      return undefined;
    },
    rest() {
      return begunBytes + skipped === 0 ? undefined : end(Buffer.alloc(0), 0);
    },
  };
}
