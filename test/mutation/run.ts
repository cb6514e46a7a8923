// `npm run test:mutants`: breaks the flow engine and the operators, place by place, and says which breaks no test
// notices. Arguments are files to break, all of them unless given. The first round is quick: what survives few cases
// of the properties meets many in a second one, and what only took too long has more time in a third.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { type Mutant, percentOf, scoresOf, tableOf } from './score.ts';

const root = join(import.meta.dirname, '../..');
const EXIT_USAGE = 2;
const goal = 80;
/** A crash of Stryker costs the results of so many files at most. */
const filesAtOnce = 12;
const few = { runs: 20 };
const many = { runs: 200 };
const patient = { runs: 20, timeoutFactor: 4, timeoutMS: 20_000 };

process.chdir(root);
process.exitCode = await main(process.argv.slice(2));

async function main(named: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const files = named.length > 0 ? named : globSync(['src/core/**/*.ts', 'operators/**/*.ts']).toSorted();
  const unknown = named.filter((file) => !existsSync(file));
  if (unknown.length > 0) {
    console.error(
      `test:mutants: expected files to break, such as src/core/leg.ts; not found: ${unknown.join(', ')}`,
    );
    return EXIT_USAGE;
  }
  const report = join(tmpdir(), 'araldo-mutants.json');
  const mutants = new Map<string, Mutant>();
  const breakAt = async (places: readonly string[], how: Round): Promise<void> => {
    if (places.length === 0) return;
    for (const mutant of await mutantsAt([...new Set(places)], how)) {
      const identity = identityOf(mutant);
      mutants.set(identity, surer(mutants.get(identity), mutant));
    }
    writeFileSync(report, JSON.stringify([...mutants.values()]));
  };
  const those = (...statuses: readonly string[]): Mutant[] =>
    [...mutants.values()].filter(({ status }) => statuses.includes(status));

  for (let first = 0; first < files.length; first += filesAtOnce) {
    await breakAt(files.slice(first, first + filesAtOnce), few);
  }
  await breakAt(those('Survived', 'NoCoverage').map(rangeOf), many);
  await breakAt(those('Timeout').map(rangeOf), patient);

  for (const mutant of those('Survived', 'NoCoverage')) console.log(lineOf(mutant));
  const scores = scoresOf([...mutants.values()]);
  const all = scores.at(-1);
  const score = all === undefined ? 0 : percentOf(all);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(0);
  console.log(`\n${tableOf(scores)}\n`);
  console.log(`${score.toFixed(1)} % in ${minutes} minutes at commit ${commit()}; all mutants: ${report}`);
  return score >= goal ? 0 : 1;
}

interface Round {
  /** Cases of a property. */
  readonly runs: number;
  readonly timeoutFactor?: number;
  readonly timeoutMS?: number;
}

/** @param places files, or ranges in them: `src/core/ring.ts:12:4-12:20` */
async function mutantsAt(places: readonly string[], { runs, ...limits }: Round): Promise<Mutant[]> {
  process.env['ARALDO_RUNS'] = String(runs);
  const configFile = 'test/mutation/stryker.config.ts';
  const results = await new Stryker({ configFile, mutate: [...places], ...limits }).runMutationTest();
  return results.map(({ fileName, location: { start, end }, mutatorName, replacement, ...result }) => ({
    file: relative(root, fileName).replaceAll('\\', '/'),
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    mutator: mutatorName,
    replacement,
    // Stryker has a reason where it counted loops that do not end, and none where time ran out.
    status: result.status === 'Timeout' && result.statusReason !== undefined ? 'Endless' : result.status,
  }));
}

/**
 * What is known of a mutant after one more round. Noticed once is noticed, though a range has others within it that
 * meet it again; that time ran out says nothing of one which survived, and is right only if it is said twice.
 */
function surer(before: Mutant | undefined, now: Mutant): Mutant {
  if (before === undefined) return now;
  if (before.status === 'Timeout') return now.status === 'Timeout' ? { ...now, status: 'Endless' } : now;
  const isOpen = before.status === 'Survived' || before.status === 'NoCoverage';
  return isOpen && now.status !== 'Timeout' ? now : before;
}

function identityOf({ status: _, ...mutant }: Mutant): string {
  return JSON.stringify(mutant);
}

/** Stryker reports columns from 1 and takes them from 0. */
function rangeOf({ file, line, column, endLine, endColumn }: Mutant): string {
  return `${file}:${line}:${column - 1}-${endLine}:${endColumn - 1}`;
}

function lineOf({ file, line, column, mutator, replacement, status }: Mutant): string {
  const code = replacement.replaceAll(/\s+/g, ' ').slice(0, 80);
  return `${status} ${file}:${line}:${column} ${mutator}: ${code}`;
}

function commit(): string {
  return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
}
