// What Stryker breaks, and how it runs the tests. `run.ts` starts it.

import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartialStrykerOptions } from '@stryker-mutator/api/core';

const options: PartialStrykerOptions = {
  mutate: ['src/core/**/*.ts', 'operators/**/*.ts'],
  // Sentences for people are not broken; codes and reasons are.
  plugins: ['@stryker-mutator/vitest-runner', join(import.meta.dirname, 'ignore-words.ts')],
  ignorers: ['words'],
  // What is read once, as a module loads, cannot be broken for one test: schemas, defaults, constants.
  ignoreStatic: true,
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  concurrency: Math.min(2, availableParallelism()),
  timeoutMS: 3_000,
  timeoutFactor: 1.5,
  // A copy of the project, outside of it, so that nothing else sees it.
  tempDirName: join(tmpdir(), `araldo-mutants-${process.pid}`),
  cleanTempDir: 'always',
  ignorePatterns: [
    'bench',
    'dist',
    '/test/system',
    '/test/servers',
    '/test/browser',
    '/test/boot',
    '/test/plugins',
  ],
  reporters: ['progress-append-only'],
  allowConsoleColors: false,
  // They would need the programmatic interface of TypeScript, which TypeScript 7 does not have.
  disableTypeChecks: false,
  tsconfigFile: 'none',
};

export default options;
