// Runs a script with Debian's Python, line in and line out: the other end of a test that should not be written with the
// libraries under test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pythonPath } from './find.ts';
import { tether } from './tether.ts';

export interface PythonOptions {
  /** What the script finds in `sys.argv[1:]`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface PythonScript extends AsyncDisposable {
  readonly pid: number;
  /** The next line it prints, without its end. Rejects when it ends first (with what it wrote to stderr) or after 10 s. */
  line(withinMs?: number): Promise<string>;
  /** Writes a line to its stdin. */
  send(line: string): void;
  /** Closes its stdin, waits until it has ended and returns its exit code (null: by a signal). */
  end(): Promise<number | null>;
  /** Kills it. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a script. It ends with the test process at the latest.
 *
 * @param script Python source; for a file, `runPython({ file })`
 */
export function runPython(
  script: string | { readonly file: string },
  options: PythonOptions = {},
): PythonScript {
  const start = typeof script === 'string' ? ['-c', script] : [script.file];
  const python = spawn(pythonPath, ['-u', ...start, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pid = python.pid;
  if (pid === undefined) throw new Error(`${pythonPath} could not be started`);
  const cut = tether(pid);
  const closed = once(python, 'close').then(([code]) => {
    cut();
    return code as number | null;
  });

  let errors = '';
  python.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk.toString()}`.slice(-8_192);
  });
  python.stdin.on('error', () => {}); // it ended before it read all: line() and end() say so
  const printed = createInterface({ input: python.stdout })[Symbol.asyncIterator]();

  return {
    pid,
    async line(withinMs = 60_000) {
      const deadline = after(
        withinMs,
        () => new Error(`no line from Python within ${withinMs} ms\n${errors}`),
      );
      try {
        const next = await Promise.race([printed.next(), deadline.passed]);
        if (!next.done) return next.value;
        throw new Error(`Python ended with ${await closed} before another line\n${errors}`);
      } finally {
        deadline.cancel();
      }
    },
    send(line) {
      python.stdin.write(`${line}\n`);
    },
    async end() {
      python.stdin.end();
      return closed;
    },
    async stop() {
      python.kill('SIGKILL');
      await closed;
    },
    async [Symbol.asyncDispose]() {
      python.kill('SIGKILL');
      await closed;
    },
  };
}

function after(ms: number, reason: () => Error): { passed: Promise<never>; cancel(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(reason()), ms);
  return { passed: promise, cancel: () => clearTimeout(timer) };
}
