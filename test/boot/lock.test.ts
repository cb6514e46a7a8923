import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquire } from '../../src/boot/lock.js';

describe('acquire', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'araldo-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The id of a process that has ended. */
  async function deadPid(): Promise<number> {
    const child = spawn('true');
    await once(child, 'exit');
    return child.pid!;
  }

  it('holds the lock until it is released', async () => {
    const lock = await acquire(path);
    expect(existsSync(path)).toBe(true);
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const visit = async () => {
      const lock = await acquire(path);
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
      lock.release();
    };
    await Promise.all(Array.from({ length: 8 }, visit));
    expect(most).toBe(1);
  });

  it('says once that it waits', async () => {
    const first = await acquire(path);
    let waits = 0;
    const second = acquire(path, { onWait: () => (waits += 1) });
    await sleep(500);
    expect(waits).toBe(1);
    first.release();
    (await second).release();
    expect(waits).toBe(1);
  });

  it('takes over the lock of a dead process at once', async () => {
    writeFileSync(path, `token\n${hostname()}\n${await deadPid()}`);
    (await acquire(path, { onWait: () => expect.unreachable('must not wait') })).release();
  });

  it('waits for a process that a dead holder left behind', async () => {
    const left = spawn('sleep', ['60']);
    writeFileSync(path, `token\n${hostname()}\n${await deadPid()}\n${left.pid}`);
    const waiting = acquire(path);
    await sleep(500);
    expect(readFileSync(path, 'utf8')).toContain('token');
    left.kill('SIGKILL');
    (await waiting).release();
  });

  it('takes over a lock nobody touches, whoever held it', async () => {
    writeFileSync(path, `token\nanother-machine\n1`);
    (await acquire(path, { abandonedAfterMs: 400 })).release();
    writeFileSync(path, '');
    (await acquire(path, { abandonedAfterMs: 400 })).release();
  });

  it('leaves a lock alone that is touched', async () => {
    const lock = await acquire(path);
    const other = acquire(path, { abandonedAfterMs: 1_500 });
    await sleep(3_000);
    expect(readFileSync(path, 'utf8')).toContain(`${process.pid}`);
    lock.release();
    (await other).release();
  });
});
