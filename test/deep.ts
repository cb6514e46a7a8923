// `npm run test:deep`: all tests at a multiple of their usual sizes, or only the pairs of durable systems, whose table it
// writes. `npm run test:deep -- --help` says how.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { holds, type Row, tableOf } from './system/pairs/results.ts';
import { readPairs } from './system/pairs/systems.ts';

const root = dirname(import.meta.dirname);
const results = join(root, 'test', 'system', 'pairs', 'results.md');

type Given = ReturnType<typeof readArguments>;

const EXIT_USAGE = 2;
const MESSAGES = 100_000;
const KILLS = 18;

const help = `npm run test:deep                                     all tests: properties with 10,000 cases, long kill loops
npm run test:deep -- --pairs all                      each durable system to each other one
npm run test:deep -- --pairs kafka:amqp,amqp:mqtt     some of them
npm run test:deep -- --pairs all --messages 1000000 --kills 100

A run over pairs prints its table. With as many messages and kills as unless told otherwise, or more, it also writes its
lines into test/system/pairs/results.md, and leaves those of other pairs there.

  --pairs       source:sink, with commas between: redis-stream, jetstream, amqp, kafka, mqtt; or all
  --messages    how many the server of the source acknowledges (100000)
  --kills       how many times one of araldo and the two servers is killed, in turn (18)
  --window      max-in-flight of the source (256)
  --seed        repeats the kills of a run that printed it (ARALDO_SEED)
  --runs        how many cases each property has, without --pairs (10000)`;

process.exitCode = await main();

async function main(): Promise<number> {
  let given: Given;
  try {
    given = readArguments();
  } catch (error) {
    console.error(`test:deep: ${(error as Error).message}`);
    return EXIT_USAGE;
  }
  if (given.help === true) {
    console.log(help);
    return 0;
  }
  const { pairs, messages, kills, window, seed, runs } = given;
  const folder = mkdtempSync(join(tmpdir(), 'araldo-deep-'));
  const file = join(folder, 'pairs.jsonl');
  const environment = {
    ARALDO_PAIRS: pairs,
    ARALDO_MESSAGES: messages,
    ARALDO_KILLS: kills,
    ARALDO_WINDOW: window,
    ARALDO_SEED: seed,
    ARALDO_RUNS: runs ?? process.env['ARALDO_RUNS'] ?? '10000',
    ARALDO_PAIRS_RESULTS: file,
  };
  const only =
    pairs === undefined
      ? ['--project', 'unit', '--project', 'system']
      : ['--project', 'system', 'test/system/pairs/pairs.test.ts'];
  try {
    const commit = git('rev-parse', '--short', 'HEAD');
    const isClean = git('status', '--porcelain', '--', 'src', 'plugins', 'operators') === '';
    const code = await vitest(only, environment);
    const rows = readRows(file);
    if (rows.length === 0) return code;
    const measured = {
      commit: isClean ? commit : `${commit}, with changes`,
      date: new Date().toISOString().slice(0, 10),
      rows,
    };
    console.log(`\n${tableOf(measured)}`);
    if (Number(messages ?? MESSAGES) >= MESSAGES && Number(kills ?? KILLS) >= KILLS) {
      const before = existsSync(results) ? readFileSync(results, 'utf8') : '';
      writeFileSync(results, tableOf({ ...measured, before }));
    }
    return rows.every(holds) ? code : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws when a word is none that it knows, or names no pair: before anything starts */
function readArguments() {
  const { values } = parseArgs({
    options: {
      pairs: { type: 'string' },
      messages: { type: 'string' },
      kills: { type: 'string' },
      window: { type: 'string' },
      seed: { type: 'string' },
      runs: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.pairs !== undefined) readPairs(values.pairs);
  for (const name of ['messages', 'kills', 'window', 'seed', 'runs'] as const) {
    const text = values[name];
    // A seed of fast-check may be negative.
    const isWhole = (name === 'seed' ? /^-?\d+$/ : /^\d+$/).test(text ?? '0');
    if (!isWhole) throw new Error(`expected --${name} to be a whole number, found "${text}"`);
  }
  return values;
}

function vitest(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const env = { ...process.env };
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) env[name] = value;
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [program, 'run', ...args], { cwd: root, env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function git(...args: readonly string[]): string {
  return spawnSync('git', [...args], { cwd: root, encoding: 'utf8' }).stdout.trim();
}

function readRows(file: string): readonly Row[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}
