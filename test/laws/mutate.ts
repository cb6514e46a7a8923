// Makes a copy of the engine with one thing broken.

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Engine, engineIn } from './engine.ts';
import type { Mutant } from './mutants.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @throws when the mutant's text does not stand in its file exactly once: the engine has changed since */
export async function mutated(mutant: Mutant): Promise<{ readonly engine: Engine; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'araldo-mutant-'));
  const core = join(folder, 'src', 'core');
  await cp(join(root, 'src', 'core'), core, { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const file = join(core, mutant.file);
  const text = await readFile(file, 'utf8');
  const count = text.split(mutant.find).length - 1;
  if (count !== 1) {
    throw new Error(`${mutant.file}: expected ${JSON.stringify(mutant.find)} once, found it ${count} times`);
  }
  await writeFile(
    file,
    text.replace(mutant.find, () => mutant.replace),
  );
  return { engine: await engineIn(core), remove: () => rm(folder, { recursive: true }) };
}
