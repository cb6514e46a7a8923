// Loads a copy of some modules with one thing broken: what does not come to the broken file through its imports is not
// copied, and each file is read and rid of its types once. Nothing is written.

import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';

/** What is broken. */
export interface Break {
  /** From the project's folder. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutator {
  /**
   * The modules at these paths from the project's folder, as one object: with `broken`, and everything else as it is.
   *
   * @throws when the text does not stand in its file exactly once: the code has changed since
   */
  mutated(broken: Break, paths: readonly string[]): Promise<object>;
}

const root: string = new URL('../../', import.meta.url).href;

/** Behind the URL of a file in a copy: the number of the copy. */
const mark = '?copy=';

/** @param folders where files are copied if they come to what is broken, and their subfolders: paths from the project's */
export function createMutator(folders: readonly string[]): Mutator {
  const texts = new Map(folders.flatMap((folder) => filesIn(folder)).map((url) => [url, textOf(url)]));
  const imports = new Map([...texts].map(([url, text]) => [url, importsOf(url, text)]));
  const stripped = new Map<string, string>();
  /** One a mutant. */
  const copies: { readonly url: string; readonly text: string; readonly files: ReadonlySet<string> }[] = [];

  const urlIn = (copy: number, url: string): string =>
    copies[copy]?.files.has(url) === true ? `${url}${mark}${copy}` : url;

  const strippedText = (url: string): string => {
    const known = stripped.get(url) ?? stripTypeScriptTypes(texts.get(url) ?? '');
    stripped.set(url, known);
    return known;
  };

  /** The file, and all that imports it, by whatever way. */
  const importersOf = (url: string): ReadonlySet<string> => {
    const found = new Set([url]);
    for (const one of found) for (const [importer, all] of imports) if (all.has(one)) found.add(importer);
    return found;
  };

  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const copy = (context.parentURL ?? '').split(mark)[1];
      return copy === undefined ? resolved : { ...resolved, url: urlIn(Number(copy), resolved.url) };
    },
    load(url, context, next) {
      const [path = '', copy] = url.split(mark);
      if (copy === undefined) return next(url, context);
      const { url: broken, text } = copies[Number(copy)] as (typeof copies)[number];
      const source = path === broken ? stripTypeScriptTypes(text) : strippedText(path);
      return { format: 'module', source, shortCircuit: true };
    },
  });

  return {
    async mutated({ file, find, replace }, paths) {
      const url = root + file;
      const text = texts.get(url) ?? '';
      const count = text.split(find).length - 1;
      if (count !== 1)
        throw new Error(`${file}: expected ${JSON.stringify(find)} once, found it ${count} times`);
      const copy = copies.length;
      copies.push({ url, text: text.replace(find, () => replace), files: importersOf(url) });
      const modules = await Promise.all(paths.map((path) => import(urlIn(copy, root + path))));
      return Object.assign({}, ...modules) as object;
    },
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${root}${folder}/${file}`);
}

function textOf(url: string): string {
  return readFileSync(new URL(url), 'utf8');
}

/** The URLs of what a file imports, but for types. */
function importsOf(url: string, text: string): ReadonlySet<string> {
  const froms = text.matchAll(/^(?:import|export)(?! type) [^;]*?from '(\.[^']+)';$/gms);
  const calls = text.matchAll(/\bimport\('(\.[^']+)'\)/g);
  return new Set([...froms, ...calls].map(([, path = '']) => new URL(path, url).href));
}
