// Counts what became of mutants, by file and folder, and says it in a table.

import { dirname } from 'node:path/posix';

/** One change to one place of a file, and what became of it. */
export interface Mutant {
  /** From the project's root, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly mutator: string;
  readonly replacement: string;
  /** Stryker's word: Killed, Survived, NoCoverage, Ignored …; Timeout is unsure, and Endless sure. */
  readonly status: string;
}

export interface Score {
  readonly name: string;
  readonly killed: number;
  /** What it broke does not end. */
  readonly endless: number;
  readonly survived: number;
  /** No test runs through them. */
  readonly uncovered: number;
  /** Not tried: sentences for people, and what is read once as a module loads. */
  readonly ignored: number;
}

/** The scores of `mutants` by file, then of each folder, then of all. */
export function scoresOf(mutants: readonly Mutant[]): Score[] {
  const files = Map.groupBy(mutants, ({ file }) => file);
  const folders = Map.groupBy(mutants, ({ file }) => dirname(file));
  const named = (groups: ReadonlyMap<string, readonly Mutant[]>, suffix: string): Score[] =>
    [...groups].map(([name, of]) => scoreOf(`${name}${suffix}`, of)).sort(byName);
  return [...named(files, ''), ...named(folders, '/'), scoreOf('all', mutants)];
}

function scoreOf(name: string, mutants: readonly Mutant[]): Score {
  const count = (status: string): number => mutants.filter((mutant) => mutant.status === status).length;
  return {
    name,
    killed: count('Killed'),
    endless: count('Endless') + count('Timeout'),
    survived: count('Survived'),
    uncovered: count('NoCoverage'),
    ignored: count('Ignored'),
  };
}

/** Killed and endless, in percent of all that was tried; 100 where nothing was. */
export function percentOf({ killed, endless, survived, uncovered }: Score): number {
  const noticed = killed + endless;
  const tried = noticed + survived + uncovered;
  return tried === 0 ? 100 : (100 * noticed) / tried;
}

/** A table in Markdown. */
export function tableOf(scores: readonly Score[]): string {
  const rows = scores.map((score) => [
    score.name,
    percentOf(score).toFixed(1),
    ...[score.killed, score.endless, score.survived, score.uncovered, score.ignored].map(String),
  ]);
  const head = ['file', 'score %', 'killed', 'endless', 'survived', 'uncovered', 'ignored'];
  return [head, ['---', ...head.slice(1).map(() => '---:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function byName(one: Score, other: Score): number {
  return one.name < other.name ? -1 : 1;
}
