// `npm test` after the installation: finds the servers, then checks format, lint and types, then runs the tests. A
// failing step hides no later one. The last line is `N passed, N failed, N skipped`. Arguments go to vitest.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { add, type Count, countOf, none, type Report, summary } from './count.ts';
import { installMissing } from './servers/install.ts';

const root = dirname(import.meta.dirname);
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
/** The tools are scripts that ask the PATH for a Node; it must be the one this file runs on. */
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}` };

const checks: readonly { name: string; commands: readonly (readonly string[])[] }[] = [
  { name: 'format', commands: [[bin('biome'), 'check', '--error-on-warnings', '.']] },
  { name: 'lint', commands: [[bin('oxlint')]] },
  {
    name: 'types',
    commands: [
      [bin('tsc'), '--noEmit'],
      [bin('tsc'), '-p', 'test'],
      [bin('tsc'), '-p', 'test/tsconfig.page.json'],
    ],
  },
];

/** How long vitest may take to end once its report is written. */
const exitWithinMs = 20_000;

process.exitCode = await main(process.argv.slice(2));

async function main(vitestArguments: readonly string[]): Promise<number> {
  let total = await attempt('servers', () => {
    installMissing();
    return none;
  });
  for (const check of checks) {
    const count = await attempt(check.name, async () => {
      let failed = 0;
      for (const command of check.commands) if ((await run(command)) !== 0) failed = 1;
      return { passed: 1 - failed, failed, skipped: 0 };
    });
    total = add(total, count);
  }
  total = add(total, await attempt('tests', () => tests(vitestArguments)));
  console.log(`\n${summary(total)}`);
  return total.failed > 0 ? 1 : 0;
}

async function attempt(name: string, step: () => Count | Promise<Count>): Promise<Count> {
  const startedAt = performance.now();
  console.log(`\n── ${name}`);
  let count: Count;
  try {
    count = await step();
  } catch (error) {
    console.error(error);
    count = { passed: 0, failed: 1, skipped: 0 };
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`── ${name}: ${count.failed === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  return count;
}

async function tests(vitestArguments: readonly string[]): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-test-'));
  const report = join(folder, 'report.json');
  const command = [process.execPath, join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const stuck = new AbortController();
  const watch = setInterval(() => {
    if (!existsSync(report)) return;
    clearInterval(watch);
    setTimeout(() => stuck.abort(), exitWithinMs).unref();
  }, 1_000);
  try {
    const exitCode = await run([...command, ...reporters, ...vitestArguments], stuck.signal);
    if (stuck.signal.aborted)
      console.error('the tests are over, but something one of them started still runs');
    return countOf(readReport(report), exitCode);
  } finally {
    clearInterval(watch);
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

/**
 * Runs a command in the project's folder. A signal to this process is passed on, and ends this process after the
 * command; an abort kills the command.
 */
function run([program = '', ...args]: readonly string[], abort?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: 'inherit',
      signal: abort,
      killSignal: 'SIGKILL',
    });
    let received: NodeJS.Signals | undefined;
    const forward = (signal: NodeJS.Signals): void => {
      received = signal;
      child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, forward);
    child.on('error', (error) => {
      if (error.name !== 'AbortError') reject(error);
    });
    child.once('close', (code) => {
      for (const signal of signals) process.removeListener(signal, forward);
      if (received !== undefined) process.kill(process.pid, received);
      resolve(code ?? 1);
    });
  });
}
