// The command in a process of its own, as a user starts it.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './server.ts';

/** Compiled once for all the processes of all tests: a start takes two thirds of the time. */
const compiled = fileURLToPath(new URL('../../../node_modules/.cache/araldo-compiled', import.meta.url));

const cli = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

export interface Run extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly out: { stdout: string; stderr: string };
  /** The exit code, when it has ended. */
  readonly code: Promise<number | null>;
}

export function araldo(folder: string, ...args: readonly string[]): Run {
  return start(process.execPath, [cli, ...args], { cwd: folder });
}

/** Any other command, such as npm. */
export function start(command: string, args: readonly string[], options: SpawnOptions): Run {
  const env = { NODE_COMPILE_CACHE: compiled, ...(options.env ?? process.env) };
  const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    out.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    out.stderr += chunk.toString();
  });
  const code = once(child, 'close').then(([ended]) => ended as number | null);
  return {
    child,
    out,
    code,
    async [Symbol.asyncDispose]() {
      // The whole group where there is one: what a killed npm leaves behind would go on.
      if (options.detached === true && child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
      else child.kill('SIGKILL');
      await code;
    },
  };
}

/** The port of the server that a command runs, once it says so. */
export async function portOf(run: Run): Promise<number> {
  await until(`it says where it listens: ${run.out.stderr}`, () =>
    /http:\/\/127\.0\.0\.1:(\d+)\//.test(run.out.stderr),
  );
  return Number(/http:\/\/127\.0\.0\.1:(\d+)\//.exec(run.out.stderr)?.[1]);
}
