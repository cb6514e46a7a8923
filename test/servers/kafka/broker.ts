// What a Kafka broker needs to run: its jars, brought once by Maven, and what makes each start faster. Kept in a folder
// that git does not see; several test processes may ask at once.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { find, type Requirement } from '../find.ts';

export interface BrokerFiles {
  /** The class path. */
  readonly jars: string;
  /** Classes as the JVM has them in memory: with it a start takes three fifths of the time. May not be there. */
  readonly archive: string;
}

const pom = join(import.meta.dirname, 'pom.xml');
const cache = join(import.meta.dirname, '../../../node_modules/.cache/araldo-kafka');

/** A lock that is older was left by a process that is gone. */
const STALE_MS = 300_000;

/** Small and quick to start, for minutes of work: no second compiler, one thread that collects. */
export const jvm: readonly string[] = [
  '-Xmx256m',
  '-Xms128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
];

/** Why there is no broker here; nothing where there is one. Downloads it when it is asked first. */
export async function lackOfBroker(): Promise<string | undefined> {
  const needed: readonly Requirement[] = process.env['KAFKA_BOOTSTRAP']
    ? ['kcat']
    : ['kcat', 'java', 'maven'];
  const missing = needed.filter((requirement) => find(requirement) === undefined);
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  if (needed.length === 1) return undefined;
  try {
    await brokerFiles();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Resolves with the files of the broker, downloaded before where they were not there. */
export async function brokerFiles(): Promise<BrokerFiles> {
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16);
  const folder = join(cache, version);
  const files = { jars: join(folder, 'jars', '*'), archive: join(folder, 'classes.jsa') };
  if (existsSync(folder)) return files;
  mkdirSync(cache, { recursive: true });
  const lock = `${folder}.lock`;
  await locked(lock, async () => {
    if (existsSync(folder)) return;
    const making = mkdtempSync(`${folder}.`);
    try {
      cpSync(pom, join(making, 'pom.xml'));
      await run('mvn', [
        '-q',
        '-B',
        '-f',
        join(making, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${join(making, 'jars')}`,
        '-DincludeScope=runtime',
      ]);
      if (readdirSync(join(making, 'jars')).length === 0) throw new Error('Maven brought no jars of Kafka');
      renameSync(making, folder);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  });
  return files;
}

async function locked(lock: string, work: () => Promise<void>): Promise<void> {
  while (!take(lock)) await sleep(200);
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

/** Runs a program to its end; rejects with the last of what it wrote. */
export function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const take = (chunk: Buffer): void => {
      said = `${said}${chunk.toString()}`.slice(-2_048);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}: ${said.trim()}`));
    });
  });
}
