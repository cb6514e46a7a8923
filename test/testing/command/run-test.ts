// `araldo test` in this process: what it prints, and the exit code.

import { test } from '../../../src/testing/command/command.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Flags {
  readonly names?: readonly string[];
  readonly properties?: boolean;
  readonly runs?: number;
  readonly seed?: number;
  readonly path?: string;
  readonly format?: 'text' | 'json' | 'junit';
  readonly hasColor?: boolean;
  readonly columns?: number;
}

export async function runTest(file: string, flags: Flags = {}): Promise<Outcome> {
  const { hasColor = false, columns, ...given } = flags;
  let [out, err] = ['', ''];
  const code = await test({
    names: [],
    properties: false,
    runs: 30,
    format: 'text',
    ...given,
    file,
    out: {
      write: (text) => {
        out += text;
      },
      isTTY: hasColor,
      hasColors: () => true,
      ...(columns === undefined ? {} : { columns }),
    },
    err: {
      write: (text) => {
        err += text;
      },
    },
  });
  return { code, out, err };
}
