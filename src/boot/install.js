// @ts-check
// The first step of `npm start` and `npm test`: installs the locked dependencies when they are missing or stale, then
// prints the path of the Node that runs araldo. Plain JavaScript without dependencies, because it runs before there
// are any, on whatever Node the system has. Messages go to stderr: stdout carries the path alone.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { staleness } from './freshness.js';
import { acquire } from './lock.js';

const oldestMajor = 24;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ownNode = join(root, 'node_modules', 'node', 'bin', 'node');
const isNewEnough = Number(process.versions.node.split('.')[0]) >= oldestMajor;
/** Without a new enough Node of the system, the one among the development dependencies is needed. */
const development = process.argv.includes('--dev') || !isNewEnough;

const problem = () => staleness(root, { development }) ?? missingNode();

try {
  if (problem() !== undefined) await installOnce();
  process.stdout.write(`${nodePath()}\n`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function installOnce() {
  const lock = await acquire(join(root, '.install.lock'), {
    onWait: () => say('waiting for another command that installs the dependencies'),
  });
  process.on('exit', () => lock.release());
  const reason = problem();
  if (reason === undefined) return;
  say(`installing the locked dependencies (npm ci), because ${reason}`);
  await install(lock);
  const left = problem();
  if (left !== undefined)
    throw new Error(`npm ci ended, but ${left}. Run "npm ci --include=dev" and see what it says.`);
}

/**
 * Runs `npm ci`. It ends with this process: on a signal, and when the shell that waits for this process is gone, which
 * is all this process sees of a SIGTERM to npm.
 *
 * @param {import('./lock.js').Lock} lock
 * @returns {Promise<void>}
 */
function install(lock) {
  const args = [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...(development ? ['--include=dev'] : []),
  ];
  const npm = spawn('npm', args, {
    cwd: root,
    env: { ...process.env, PATH: systemPath() },
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.pid !== undefined) lock.alsoHeldBy(npm.pid);

  /** @type {number | undefined} */
  let stoppedWith;
  /** @param {number} exitCode */
  const stop = (exitCode) => {
    stoppedWith ??= exitCode;
    npm.kill('SIGTERM');
  };
  process.on('SIGINT', () => stop(130));
  process.on('SIGTERM', () => stop(143));
  process.on('SIGHUP', () => stop(129));
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== shell) stop(143);
  }, 250);

  return new Promise((resolve, reject) => {
    npm.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    npm.on('close', (code) => {
      clearInterval(watch);
      if (stoppedWith !== undefined) process.exit(stoppedWith);
      if (code === 0) resolve();
      else reject(new Error('npm ci failed; the dependencies are not installed'));
    });
  });
}

/** The PATH without the folders npm puts in front of it: their Node is about to be deleted by `npm ci`. */
function systemPath() {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.includes('node_modules')).join(delimiter);
}

function missingNode() {
  return isExecutable(ownNode) || (isNewEnough && isExecutable(process.execPath))
    ? undefined
    : `there is no Node ${oldestMajor} yet`;
}

function nodePath() {
  return isExecutable(ownNode) ? ownNode : process.execPath;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`araldo: ${text}\n`);
}
