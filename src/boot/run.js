// @ts-check
// Starts the command from the sources. Plain JavaScript, because the cache has to be there before the first module
// that has types: what Node makes of TypeScript is cached as well, and then the stripper itself need not be loaded,
// which takes longer than all of araldo.

import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('../cli.ts');
