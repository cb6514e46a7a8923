// Makes a copy of the engine with one thing broken, while Node loads it: what does not come to the broken file through
// its imports is the engine's own, and each file is read and rid of its types once.

import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { type Engine, engineAt } from './engine.ts';
import type { Mutant } from './mutants.ts';

const core: string = new URL('../../src/core/', import.meta.url).href;

/** The text of each file of src/core. */
const texts: ReadonlyMap<string, string> = new Map(
  readdirSync(new URL(core))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(new URL(file, core), 'utf8')]),
);

/** The same without types, of each file that was loaded in a copy. */
const stripped = new Map<string, string>();

/** The copies that were made, one a mutant. */
const copies: { readonly broken: string; readonly text: string; readonly files: ReadonlySet<string> }[] = [];

const mark = '?copy=';

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const [, copy] = (context.parentURL ?? '').split(mark);
    if (copy === undefined || !found.url.startsWith(core)) return found;
    return { ...found, url: urlIn(Number(copy), found.url.slice(core.length)) };
  },
  load(url, context, next) {
    const [path = '', copy] = url.split(mark);
    if (copy === undefined) return next(url, context);
    const file = path.slice(core.length);
    const { broken, text } = copies[Number(copy)] as (typeof copies)[number];
    const source = file === broken ? stripTypeScriptTypes(text) : strippedText(file);
    return { format: 'module', source, shortCircuit: true };
  },
});

/** @throws when the mutant's text does not stand in its file exactly once: the engine has changed since */
export function mutated({ file, find, replace }: Mutant): Promise<Engine> {
  const text = texts.get(file) ?? '';
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`${file}: expected ${JSON.stringify(find)} once, found it ${count} times`);
  const copy = copies.push({
    broken: file,
    text: text.replace(find, () => replace),
    files: importersOf(file),
  });
  return engineAt((name) => urlIn(copy - 1, name));
}

/** Where a file of a copy is loaded from. */
function urlIn(copy: number, file: string): string {
  return copies[copy]?.files.has(file) === true ? `${core}${file}${mark}${copy}` : `${core}${file}`;
}

function strippedText(file: string): string {
  const known = stripped.get(file) ?? stripTypeScriptTypes(texts.get(file) ?? '');
  stripped.set(file, known);
  return known;
}

/** The file, and all of src/core that imports it, by whatever way. */
function importersOf(file: string): ReadonlySet<string> {
  const found = new Set([file]);
  for (const name of found) {
    for (const [importer, text] of texts) if (importsOf(text).includes(name)) found.add(importer);
  }
  return found;
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)(?! type) [^;]*?from '\.\/([^']+)';$/gms)].map(
    ([, name = '']) => name,
  );
}
