/** Standard input, a line at a time, read no further than it is asked to. */
import type { Readable } from 'node:stream';
import type { Wire } from '../../src/core/wire.ts';
import { createLineSplitter, type Line } from '../../src/newline/line-splitter.ts';

export interface InputOptions {
  readonly from: Readable;
  readonly maxLine: number;
  readonly onLine: (wire: Wire) => void;
  readonly onTooLong: (bytes: number) => void;
  /** Called once, after the last line. */
  readonly onEnd: () => void;
}

export interface Input {
  /** Begins to read, or goes on after `stop`: what was read before is not lost. */
  start(): void;
  pause(): void;
  resume(): void;
  /** Reads nothing more, and keeps nothing open. */
  stop(): void;
}

export function createInput({ from, maxLine, onLine, onTooLong, onEnd }: InputOptions): Input {
  const lines = createLineSplitter({ maxLine, onTooLong });
  let isStarted = false;
  let isPaused = false;
  let isAtEnd = false;
  let isOver = false;
  let isPumping = false;

  const take = (chunk: Buffer): void => {
    lines.push(chunk);
    pump();
  };
  const end = (): void => {
    isAtEnd = true;
    pump();
  };

  const next = (): Line | undefined => {
    if (isPaused || !isStarted) return undefined;
    return lines.next() ?? (isAtEnd ? lines.rest() : undefined);
  };

  /** Hands over lines until it is paused: what is left of a piece waits here, and not in the stash of the source. */
  function pump(): void {
    if (isPumping || isOver) return;
    isPumping = true;
    for (let line = next(); line !== undefined; line = next()) onLine(line.wire);
    isPumping = false;
    if (isPaused || !isStarted) return;
    if (!isAtEnd) {
      from.resume();
      return;
    }
    isOver = true;
    onEnd();
  }

  return {
    start() {
      if (isStarted) return;
      isStarted = true;
      from.on('data', take);
      from.once('end', end);
      // A terminal that is gone, or a pipe that breaks: there is nothing more to read either way.
      from.once('error', end);
      if (from.readableEnded) isAtEnd = true;
      pump();
    },
    pause() {
      isPaused = true;
      if (isStarted) from.pause();
    },
    resume() {
      isPaused = false;
      if (isStarted) pump();
    },
    stop() {
      if (!isStarted) return;
      isStarted = false;
      from.off('data', take).off('end', end).off('error', end);
      from.pause();
    },
  };
}
