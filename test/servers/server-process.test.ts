import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onFreePort } from './free-port.ts';
import { type ServerCommand, startServerProcess } from './server-process.ts';

/** A server of the shell: it answers once it has printed "ready". */
function shell(script: string, more: Partial<ServerCommand> = {}): ServerCommand {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-shell-'));
  return {
    name: 'shell',
    command: 'sh',
    args: ['-c', script, 'sh', folder],
    folder,
    answers: async ({ log }) => log().includes('ready'),
    ...more,
  };
}

const forever = 'echo ready; while :; do sleep 0.02; done';

describe('startServerProcess', () => {
  it('says how a server ended that never answered, and what it printed last', async () => {
    const server = shell('echo out; echo no such option >&2; exit 7');
    await expect(startServerProcess(server)).rejects.toThrow(
      /^shell ended with 7:\n(out\nno such option|no such option\nout)\n$/,
    );
    expect(existsSync(server.folder)).toBe(false);
  });

  it('kills one that does not answer in time', async () => {
    let pid = 0;
    const answers: ServerCommand['answers'] = async (started) => {
      pid = started.pid;
      return false;
    };
    const server = shell(forever, { answers, startWithinMs: 100 });
    await expect(startServerProcess(server)).rejects.toThrow('shell does not answer:\n');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(existsSync(server.folder)).toBe(false);
  });

  it('lets a server end in peace where it is given the time, before its folder goes', async () => {
    let said = '';
    const command = shell(`trap 'echo bye > "$1"/last; exit' TERM; ${forever}`, {
      endWithinMs: 60_000,
      afterStop: () => {
        said = readFileSync(join(command.folder, 'last'), 'utf8');
      },
    });
    const server = await startServerProcess(command);
    await server.stop();
    expect(said).toBe('bye\n');
    expect(server.pid).toBeUndefined();
    expect(existsSync(command.folder)).toBe(false);
  });

  it('kills one that has not ended by then', async () => {
    const server = await startServerProcess(shell(`trap '' TERM; ${forever}`, { endWithinMs: 50 }));
    const pid = server.pid as number;
    await server.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describe('onFreePort', () => {
  const taken = new Error('bind: Address already in use');

  it('starts on another port when somebody took the first one meanwhile', async () => {
    const tried: number[] = [];
    const started = await onFreePort(async (port) => {
      if (tried.push(port) === 1) throw taken;
      return port;
    });
    expect(tried).toHaveLength(2);
    expect(started).toBe(tried[1]);
  });

  it('tries five, and none again for another reason', async () => {
    let tries = 0;
    const failing = (error: Error) =>
      onFreePort(async () => {
        tries += 1;
        throw error;
      });
    await expect(failing(taken)).rejects.toBe(taken);
    expect(tries).toBe(5);
    await expect(failing(new Error('bad configuration'))).rejects.toThrow('bad configuration');
    expect(tries).toBe(6);
  });
});
