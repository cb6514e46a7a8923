/** Lets users' own files import `araldo` and `rxjs` wherever they lie: they get the server's own copies. */
import { registerHooks } from 'node:module';

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
