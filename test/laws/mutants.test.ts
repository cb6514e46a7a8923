import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Catch } from './catch-mutants.ts';
import { mutants } from './mutants.ts';

/** Far more than it takes: a mutant that never ends is ended with the rest. */
const TIMEOUT_MS = 180_000;

describe('the laws', () => {
  const caught = new Map<string, number | undefined>();

  beforeAll(async () => {
    const script = fileURLToPath(new URL('catch-mutants.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: TIMEOUT_MS });
    for (const line of stdout.trim().split('\n')) {
      const { name, after } = JSON.parse(line) as Catch;
      caught.set(name, after);
    }
  }, TIMEOUT_MS);

  it.each(mutants)('law $law sees that $name', ({ name }) => {
    expect(caught.get(name)).toBeGreaterThan(0);
  });

  it('have each been seen to fail', () => {
    const seen = new Set(mutants.map(({ law }) => law));
    expect([...seen].toSorted((one, other) => one - other)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 21,
    ]);
  });

  it('are listed with their mutants in test/README.md', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const rows = readme.match(/^\| \d+ \| .* \| `.*` \|$/gm);
    expect(rows).toEqual(mutants.map(({ law, name, file }) => `| ${law} | ${name} | \`${file}\` |`));
  });
});
