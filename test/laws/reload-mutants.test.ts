import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Catch } from './catch-mutants.ts';
import { reloadMutants } from './reload-mutants.ts';

/** Far more than it takes: a mutant that never ends is ended with the rest. */
const TIMEOUT_MS = 120_000;

describe('the laws of reloads', () => {
  const caught = new Map<string, number | undefined>();

  beforeAll(async () => {
    const script = fileURLToPath(new URL('catch-reload-mutants.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: TIMEOUT_MS });
    for (const line of stdout.trim().split('\n')) {
      const { name, after } = JSON.parse(line) as Catch;
      caught.set(name, after);
    }
  }, TIMEOUT_MS);

  it.each(reloadMutants)('law $law sees that $name', ({ name }) => {
    expect(caught.get(name)).toBeGreaterThan(0);
  });

  it('are listed with their mutants in test/README.md', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const items = readme.match(/^- law \d+: .* \(`.*`\)$/gm);
    expect(items).toEqual(reloadMutants.map(({ law, name, file }) => `- law ${law}: ${name} (\`${file}\`)`));
  });
});
