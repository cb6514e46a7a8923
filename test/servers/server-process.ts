// The life of a server that tests use: spawned in a folder of its own, waited for, killed and started again at will,
// gone with the test process at the latest.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tether } from './tether.ts';

/** What is started, and how one sees that it has. */
export interface ServerCommand {
  /** As errors call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Default: that of the test process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where it keeps its data: removed when it is stopped, or when the test process is gone. */
  readonly folder: string;
  /** Whether this server, and not another on its port, answers. Asked again and again while it starts. */
  readonly answers: (started: StartedProcess) => Promise<boolean>;
  /** Between two questions. Default 20. */
  readonly askEveryMs?: number;
  /** Default 60,000. */
  readonly startWithinMs?: number;
  /** How long `stop` waits for it to end by SIGTERM, before it kills it. Default 0: it kills it at once. */
  readonly endWithinMs?: number;
  /** What is to be done once it is stopped, before its folder goes. `stop` may be called twice, so this may be. */
  readonly afterStop?: () => Promise<void> | void;
}

export interface StartedProcess {
  readonly pid: number;
  /** The last 8 KiB of what it has printed. */
  log(): string;
}

export interface ServerProcess extends AsyncDisposable {
  /** The process id, or undefined while it is down. */
  readonly pid: number | undefined;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port with the same data; kills it first when it runs. Resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it for good and removes its data. May be called twice. */
  stop(): Promise<void>;
}

const logBytes = 8_192;

/** Starts a server; resolves when it answers. Rejects, with what it printed, when it ends first or is late. */
export async function startServerProcess(server: ServerCommand): Promise<ServerProcess> {
  const { command, args, env, folder, endWithinMs = 0, afterStop } = server;
  let running: ChildProcess | undefined;
  let cut = (): void => {};

  const start = async (): Promise<void> => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env !== undefined && { env }),
    });
    const log = collect(child);
    await once(child, 'spawn');
    running = child;
    cut = tether(child.pid as number, folder);
    try {
      await untilItAnswers(server, child, log);
    } catch (error) {
      await kill();
      throw error;
    }
  };
  const end = async (graceMs: number): Promise<void> => {
    const child = running;
    running = undefined;
    if (child !== undefined) await ended(child, graceMs);
    cut();
  };
  const kill = (): Promise<void> => end(0);
  const stop = async (): Promise<void> => {
    await end(endWithinMs);
    try {
      await afterStop?.();
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get pid() {
      return running?.pid;
    },
    kill,
    restart: async () => {
      await kill();
      await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** What it wrote last is the reason when it does not start. */
function collect(child: ChildProcess): () => string {
  let text = '';
  const take = (chunk: Buffer): void => {
    text = `${text}${chunk.toString()}`.slice(-logBytes);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => text;
}

async function untilItAnswers(server: ServerCommand, child: ChildProcess, log: () => string): Promise<void> {
  const { name, answers, askEveryMs = 20, startWithinMs = 60_000 } = server;
  const closed = once(child, 'close');
  const deadline = performance.now() + startWithinMs;
  while (!(await answers({ pid: child.pid as number, log }))) {
    if (hasEnded(child)) {
      await closed; // its last words have been read by then
      throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}:\n${log()}`);
    }
    if (performance.now() > deadline) throw new Error(`${name} does not answer:\n${log()}`);
    await sleep(askEveryMs);
  }
}

async function ended(child: ChildProcess, graceMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  if (graceMs > 0) {
    child.kill('SIGTERM');
    await Promise.race([gone, sleep(graceMs, undefined, { ref: false })]);
  }
  child.kill('SIGKILL');
  await gone;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
