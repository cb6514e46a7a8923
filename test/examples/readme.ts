// What the README of an example names and shows.

import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Run, start } from '../system/support/command.ts';
import { pathOf, root } from './installed.ts';

export interface Readme {
  readonly text: string;
  /** The commands, without what is said about them. */
  readonly commands: readonly string[];
  /** What they are said to print. */
  readonly printed: readonly string[];
}

export async function readmeOf(example: string): Promise<Readme> {
  const text = await readFile(join(root, 'examples', example, 'README.md'), 'utf8');
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
  const commands = blocks('sh')
    .flatMap((block) => block.trimEnd().split('\n'))
    .map((line) => line.replace(/ +#.*/, ''));
  return { text, commands, printed: blocks('text') };
}

/**
 * Starts a command as the README writes it. npx is left out: it starts what is first on this PATH, and only takes a
 * second for it.
 */
export function run(command: string, cwd: string, env: NodeJS.ProcessEnv = {}, home: string = root): Run {
  const direct = command.replace(/^npx /, '');
  return start('sh', ['-c', `exec ${direct}`], {
    cwd,
    detached: true,
    env: {
      ...process.env,
      NO_COLOR: '1',
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      PATH: pathOf(home),
      ...env,
    },
  });
}
