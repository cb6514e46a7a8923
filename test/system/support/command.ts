// The command in a process of its own, as a user starts it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

export interface Run extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly out: { stdout: string; stderr: string };
  /** The exit code, when it has ended. */
  readonly code: Promise<number | null>;
}

export function araldo(folder: string, ...args: readonly string[]): Run {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    out.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    out.stderr += chunk.toString();
  });
  const code = once(child, 'close').then(([ended]) => ended as number | null);
  return {
    child,
    out,
    code,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await code;
    },
  };
}
