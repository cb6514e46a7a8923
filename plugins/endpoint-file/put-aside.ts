/** The files that are put aside: `orders.log.1` is the newest of them. */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Renames the file to `.1`, each before it one further, and deletes those beyond `keep`. */
export async function putAside(path: string, keep: number): Promise<void> {
  await rm(`${path}.${keep}`, { force: true });
  for (let place = keep - 1; place >= 1; place -= 1)
    await renameIfThere(`${path}.${place}`, `${path}.${place + 1}`);
  await renameIfThere(path, `${path}.1`);
}

export interface FoundFile {
  readonly path: string;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly size: number;
}

/** As logrotate names what it puts aside, unless it has packed it: by numbers and dates. */
const suffix = /^[.-]\d[\d.-]*$/;

/** The files that were put aside, the oldest first. */
export async function filesAside(path: string): Promise<readonly FoundFile[]> {
  const base = basename(path);
  const names = await readdir(dirname(path));
  const aside = names.filter((name) => name.startsWith(base) && suffix.test(name.slice(base.length)));
  const found = await Promise.all(aside.map((name) => findFile(join(dirname(path), name))));
  return found.filter((file) => file !== undefined).toSorted((one, other) => one.mtimeMs - other.mtimeMs);
}

/** Nothing where there is none, or something else than a file. */
export async function findFile(path: string): Promise<FoundFile | undefined> {
  try {
    const found = await stat(path);
    const { ino, mtimeMs, size } = found;
    return found.isFile() ? { path, ino, mtimeMs, size } : undefined;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}
