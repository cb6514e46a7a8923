// araldo as a process of its own, between pipes: standard input and output are ends of the matrix.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/server.ts';

const cli = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

export interface Relay extends AsyncDisposable {
  write(text: string): void;
  /** What it has printed, and what it has logged. */
  printed(): string;
  logged(): string;
}

/** Resolves when all endpoints are open. */
export async function startRelay(folder: string, port: number, configuration: object): Promise<Relay> {
  const file = join(folder, 'araldo.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ 'server-port': port, ...configuration }, undefined, 1));
  const child = spawn(process.execPath, [cli, '-c', file], { cwd: folder, stdio: 'pipe' });
  const gone = once(child, 'close');
  let [printed, logged] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    logged += chunk;
  });
  child.stdin.on('error', () => undefined);
  const relay: Relay = {
    write: (text) => void child.stdin.write(text),
    printed: () => printed,
    logged: () => logged,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
    },
  };
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`araldo ended with ${child.exitCode}:\n${logged}`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    return answer?.ok === true;
  };
  try {
    await until('araldo is ready', isReady);
  } catch (error) {
    await relay[Symbol.asyncDispose]();
    throw new Error(`araldo is not ready:\n${logged}`, { cause: error });
  }
  return relay;
}
