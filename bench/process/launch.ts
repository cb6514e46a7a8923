/** Starts a server on its core, and waits until it listens. */
import { spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { adopt } from './children.ts';
import { cpuMicrosecondsOf } from './cpu.ts';

/** Server and generator have a core each; where there is only one, or no `taskset`, the kernel decides. */
export type Core = 'server' | 'generator';

export interface LaunchOptions {
  readonly core: Core;
  readonly port: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Launched {
  readonly pid: number;
  /** From the start of the process until it listened, and the processor time of that. */
  readonly startMs: number;
  readonly startCpuMs: number;
  stop(withinMs?: number): Promise<void>;
}

const cores: Readonly<Record<Core, number>> = { server: 0, generator: 1 };
const LISTEN_MS = 20_000;
const KEPT_OUTPUT = 4_096;

/** Whether processes stay on their cores. */
export const isPinned: boolean =
  availableParallelism() > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** The same command on its core, and with as many file descriptors as it may have. */
export function wrapped(command: readonly string[], core: Core): readonly string[] {
  const pin = isPinned ? `exec taskset -c ${cores[core]}` : 'exec';
  return ['/bin/sh', '-c', `ulimit -n "$(ulimit -Hn)"; ${pin} "$@"`, 'sh', ...command];
}

/** Rejects when it ends first, with what it said, or does not listen within 20 s. */
export async function launch(command: readonly string[], options: LaunchOptions): Promise<Launched> {
  const [program = '', ...args] = wrapped(command, options.core);
  const startedAt = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  const stop = adopt(child);
  let output = '';
  const keep = (text: Buffer): void => {
    output = `${output}${text.toString()}`.slice(-KEPT_OUTPUT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);

  while (!(await isListening(options.port))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${command.join(' ')} ended: ${output.trim()}`);
    }
    if (performance.now() - startedAt > LISTEN_MS) {
      await stop();
      throw new Error(`${command.join(' ')} does not listen on ${options.port}: ${output.trim()}`);
    }
    await sleep(1);
  }
  const startMs = performance.now() - startedAt;
  const pid = child.pid as number;
  return { pid, startMs, startCpuMs: cpuMicrosecondsOf(pid) / 1000, stop };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.resetAndDestroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
