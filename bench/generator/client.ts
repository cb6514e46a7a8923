/** The generator as the bench sees it: a process on a core of its own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { adopt } from '../process/children.ts';
import { type Core, wrapped } from '../process/launch.ts';
import type { Calls, Response } from './scenario.ts';

export interface Generator {
  call<Name extends keyof Calls>(
    name: Name,
    ...argument: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>>;
  stop(): Promise<void>;
}

export function startGenerator(core: Core): Generator {
  const [execPath = '', ...execArgv] = wrapped([process.execPath], core);
  const child = fork(join(import.meta.dirname, 'main.ts'), { execPath, execArgv });
  const stop = adopt(child);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let calls = 0;

  child.on('message', ({ id, result, error }: Response) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the generator ended (${signal ?? code})`));
    waiting.clear();
  });

  return {
    call(name, ...[argument]) {
      return new Promise((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve, reject });
        child.send({ id: calls, call: name, argument });
      });
    },
    stop,
  };
}
