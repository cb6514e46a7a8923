// The order in which tests meet a mutant: first those of the broken file, which most often notice, then what is cheap.
// The first failure ends the run, so that most mutants cost one file of tests.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The sandbox: this file is run from its copy there, beside the broken sources. */
const root = join(import.meta.dirname, '../..');
const folders = ['/test/core/', '/test/operators/', '/test/laws/'];

export class MirrorFirst extends BaseSequencer {
  #sources: ReadonlyMap<string, string> | undefined;

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { activeMutant } = this.ctx.getProvidedContext() as { readonly activeMutant?: string };
    this.#sources ??= sourcesOfMutants();
    const source = activeMutant === undefined ? undefined : this.#sources.get(activeMutant);
    const rank = ({ moduleId }: TestSpecification): number => {
      const name = basename(moduleId, '.test.ts');
      if (source === name || source?.startsWith(`${name}-`)) return -1;
      const place = folders.findIndex((folder) => moduleId.includes(folder));
      return place < 0 ? folders.length : place;
    };
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

/** The name of the source that each mutant is in, by the calls that Stryker has written there. */
function sourcesOfMutants(): Map<string, string> {
  const sources = new Map<string, string>();
  for (const folder of ['src/core', 'operators']) {
    for (const file of readdirSync(join(root, folder))) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(join(root, folder, file), 'utf8');
      for (const [, id = ''] of text.matchAll(/stryMutAct_\w+\("(\d+)"\)/g)) {
        sources.set(id, basename(file, '.ts'));
      }
    }
  }
  return sources;
}
