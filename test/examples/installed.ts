// A user's folder: araldo as it is published, in node_modules, and the examples beside it.

import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** What is published is built; what araldo depends on is linked, and so are the programs of users. */
export async function install(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'araldo-installed-'));
  const packages = join(folder, 'node_modules');
  const araldo = join(packages, 'araldo');
  const bin = join(packages, '.bin');
  await mkdir(bin, { recursive: true });
  await mkdir(araldo);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const build = [tsc, '-p', root, '--outDir', join(araldo, 'dist'), '--noCheck'];
  await Promise.all([
    promisify(execFile)(process.execPath, build),
    cp(join(root, 'package.json'), join(araldo, 'package.json')),
    cp(join(root, 'examples'), folder, { recursive: true }),
    ...(await readdir(join(root, 'node_modules')))
      .filter((name) => !name.startsWith('.'))
      .map((name) => symlink(join(root, 'node_modules', name), join(packages, name))),
    symlink(process.execPath, join(bin, 'node')),
    symlink(join(root, 'node_modules/vitest/vitest.mjs'), join(bin, 'vitest')),
    symlink('../araldo/dist/src/cli.js', join(bin, 'araldo')),
  ]);
  await cp(join(root, 'src/http/page'), join(araldo, 'dist/src/http/page'), { recursive: true });
  await chmod(join(araldo, 'dist/src/cli.js'), 0o755);
  return folder;
}

/** A PATH on which the programs that were installed come first: what npx and npm scripts see. */
export function pathOf(folder: string): string {
  return [join(folder, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
}
