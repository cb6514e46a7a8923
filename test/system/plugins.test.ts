// Third-party plugins by the three ways there are, each a real folder with a real package.json.

import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, test } from 'vitest';
import { araldo } from './support/command.ts';
import { until } from './support/server.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-third-party-'));
  await cp(fileURLToPath(new URL('./third-party', import.meta.url)), folder, { recursive: true });
  await rename(join(folder, 'packages'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a plugin is found by a dependency that announces it, by its package name, and by its path', async () => {
  await using run = araldo(folder);
  for (const name of ['announced', 'packaged', 'own']) {
    await until(`${name} has it: ${run.out.stderr}`, () =>
      run.out.stdout.includes(`${name}: HELLO from acme\n`),
    );
  }
});
