// Mutants meet their tests in a copy of the project without its slow parts: no such test may need one of them.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, it } from 'vitest';
import { importsOf } from '../architecture.ts';
import stryker from './stryker.config.ts';
import vitest from './vitest.config.ts';

const root = join(import.meta.dirname, '../..');

it('what the tests of mutants import is copied for them', () => {
  const { include = [], exclude = [] } = vitest.test ?? {};
  const tests = globSync([...include], { cwd: root, exclude: [...exclude] }).map(slashed);
  expect(tests.length).toBeGreaterThan(50);
  const { ignorePatterns = [] } = stryker;
  const left = ignorePatterns.map((pattern) => `${String(pattern).replace(/^\//, '')}/`);
  const missing = reachedFrom(tests).filter(({ file }) => left.some((folder) => file.startsWith(folder)));
  expect(missing).toEqual([]);
});

interface Reached {
  readonly file: string;
  readonly from: string;
}

/** All files that some files import, directly or not. */
function reachedFrom(files: readonly string[]): readonly Reached[] {
  const reached = new Map(files.map((file) => [file, { file, from: file }]));
  for (const { file } of reached.values()) {
    for (const name of importsOf(readFileSync(join(root, file), 'utf8'))) {
      if (!name.startsWith('.') || !name.endsWith('.ts')) continue;
      const target = slashed(relative(root, join(root, dirname(file), name)));
      // Some tests have examples of modules, as text, whose imports lead nowhere.
      if (!reached.has(target) && existsSync(join(root, target)))
        reached.set(target, { file: target, from: file });
    }
  }
  return [...reached.values()];
}

function slashed(path: string): string {
  return path.replaceAll(sep, '/');
}
