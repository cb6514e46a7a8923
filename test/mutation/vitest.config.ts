// The tests that mutants meet: of the flow engine, the operators and the laws, as far as they need no process and no
// disk. Modules are shared between files, for a mutant is switched on while they run, and each import would cost.

import { defineConfig } from 'vitest/config';
import { MirrorFirst } from './mirror-first.ts';

export default defineConfig({
  test: {
    include: ['test/{core,operators,laws,runtime}/**/*.test.ts'],
    exclude: [
      // They break the sources themselves.
      'test/laws/mutants.test.ts',
      // They look at servers, disks and documentation, and notice no mutant.
      'test/operators/docs.test.ts',
      'test/runtime/reload.test.ts',
      'test/runtime/spill-file.test.ts',
      'test/runtime/sqlite.test.ts',
    ],
    sequence: { hooks: 'stack', sequencer: MirrorFirst },
    restoreMocks: true,
    isolate: false,
    testTimeout: 30_000,
  },
});
