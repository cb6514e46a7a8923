/** Lets users' own files import `araldo` and `rxjs` wherever they lie: they get the server's own copies. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const entries: Readonly<Record<string, string>> = {
  araldo: '../index',
  'araldo/operators': '../../operators/index',
  'araldo/testing': '../testing/index',
};

/** What must exist once in the process, or observables of one copy are strangers to the other. */
const shared = /^rxjs(\/.*)?$/;

/** What comes along for who has none: schemas of options, without installing anything. */
const lent = /^zod(\/.*)?$/;

/** The built files are JavaScript, those of a checkout TypeScript: whatever this file is. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

let isRegistered = false;

/**
 * What each file held when it was first imported. As many as there are own files; each version that is imported stays in
 * memory until the process ends, for Node forgets no module.
 */
const firstSeen = new Map<string, string>();

/** Before the first own file is imported; more calls change nothing. */
export function shareOwnModules(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const entry = entries[specifier];
      if (entry !== undefined) {
        return { url: new URL(`${entry}${extension}`, import.meta.url).href, shortCircuit: true };
      }
      const ours = { ...context, parentURL: import.meta.url };
      if (shared.test(specifier)) return nextResolve(specifier, ours);
      if (!lent.test(specifier)) return nextResolve(specifier, context);
      try {
        return nextResolve(specifier, context);
      } catch {
        return nextResolve(specifier, ours);
      }
    },
  });
}

/**
 * What to import for a file: itself, or, once it has changed, a name that Node has not seen yet. What it imports in turn
 * is what was imported before.
 */
export async function ownModuleUrl(file: string): Promise<string> {
  const { href } = pathToFileURL(file);
  const bytes = await readFile(file).catch(() => undefined);
  // Importing it says better what is wrong with it.
  if (bytes === undefined) return href;
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const first = firstSeen.get(file);
  if (first === undefined) firstSeen.set(file, version);
  return first === undefined || first === version ? href : `${href}?version=${version}`;
}
