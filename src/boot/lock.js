// @ts-check
// A lock file that at most one process holds, so that two commands started at once do not install into each other.
// It names its holders and is touched while held; a lock whose holders are dead, or that nobody touches, is taken over.

import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const touchEveryMs = 1_000;
const lookEveryMs = 200;
/** How long a waiter watches a lock that nobody touches before it takes it over. */
const abandonedAfterMs = 30_000;

/**
 * @typedef {{ alsoHeldBy(pid: number): void, release(): void }} Lock
 *   alsoHeldBy: the lock stays held while that process lives, even when this one is killed
 */

/**
 * Waits until the lock is free, then holds it.
 *
 * @param {string} path
 * @param {{ onWait?: () => void, abandonedAfterMs?: number }} [options] onWait: called once, when the lock is held by another
 * @returns {Promise<Lock>}
 */
export async function acquire(path, options = {}) {
  const patienceMs = options.abandonedAfterMs ?? abandonedAfterMs;
  const token = randomUUID();
  let touchedAt = -1;
  let watchedMs = 0;
  for (let waited = false; !create(path, token); ) {
    const held = look(path);
    if (held === undefined) continue;
    if (held.touchedAt !== touchedAt) {
      touchedAt = held.touchedAt;
      watchedMs = 0;
    }
    if (held.isDead || watchedMs >= patienceMs) {
      remove(path, held.token);
      continue;
    }
    if (!waited) options.onWait?.();
    waited = true;
    await sleep(lookEveryMs);
    watchedMs += lookEveryMs;
  }
  return hold(path, token);
}

/**
 * @param {string} path
 * @param {string} token
 * @returns {Lock}
 */
function hold(path, token) {
  const isOurs = () => look(path)?.token === token;
  const touch = setInterval(() => {
    try {
      if (isOurs()) utimesSync(path, new Date(), new Date());
    } catch {
      // taken over between the two calls: the new holder touches it
    }
  }, touchEveryMs);
  touch.unref();
  return {
    alsoHeldBy(pid) {
      appendFileSync(path, `\n${pid}`);
    },
    release() {
      clearInterval(touch);
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

/**
 * @param {string} path
 * @param {string} token
 * @returns {boolean} whether the lock is ours now
 */
function create(path, token) {
  try {
    writeFileSync(path, `${token}\n${hostname()}\n${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @returns {{ token: string, touchedAt: number, isDead: boolean } | undefined} undefined when nobody holds the lock
 */
function look(path) {
  try {
    const [token = '', host, ...pids] = readFileSync(path, 'utf8').split('\n');
    const isDead = host === hostname() && pids.length > 0 && !pids.some((pid) => isAlive(Number(pid)));
    return { token, touchedAt: statSync(path).mtimeMs, isDead };
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes the lock with that token and no other: between looking and removing, another waiter may have removed it
 * and taken the lock. A rename takes hold of exactly one file; a wrong one is put back.
 *
 * @param {string} path
 * @param {string} token
 */
function remove(path, token) {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return;
    throw error;
  }
  if (look(aside)?.token === token) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
