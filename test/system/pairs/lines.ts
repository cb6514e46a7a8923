// The standard output of a program, line by line.

import type { ChildProcess } from 'node:child_process';

/** @returns the lines it has printed since the last call, without their ends */
export function linesOf(child: ChildProcess): () => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  let lines: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', from)) {
      lines.push(all.subarray(from, end));
      from = end + 1;
    }
    rest = all.subarray(from);
  });
  return () => {
    const some = lines;
    lines = [];
    return some;
  };
}
