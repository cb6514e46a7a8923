/** Every process that the bench has started, so that none outlives it. */
import type { ChildProcess } from 'node:child_process';
import { tether } from '../../test/servers/tether.ts';

const running = new Set<ChildProcess>();

const STOP_MS = 3_000;

/**
 * Takes a process under care. Returns what ends it: politely, and after `withinMs` not so. It ends with the bench at
 * the latest, however that ends.
 */
export function adopt(child: ChildProcess): (withinMs?: number) => Promise<void> {
  const { pid } = child;
  if (pid === undefined) return async () => undefined;
  running.add(child);
  const cut = tether(pid);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(child);
      cut();
      resolve();
    });
  });
  return async (withinMs = STOP_MS) => {
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), withinMs);
    await exited;
    clearTimeout(impatience);
  };
}

/** Ends all of them on a signal, then this process, and says so. */
export function endWithSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      console.error(`bench: stopped by ${signal}; ended what it had started`);
      for (const child of running) child.kill('SIGKILL');
      process.exit(code);
    });
  }
}
