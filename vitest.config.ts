// The tests in three projects: what they need decides how they may run beside each other.

import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/slowest-first.ts';

const isDeep = Number(process.env['ARALDO_RUNS'] ?? 0) > 1_000;
const system = ['system', 'servers', 'boot', 'examples'].map((folder) => `test/${folder}/**/*.test.ts`);
const browser = ['test/browser/**/*.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default'],
    sequence: { hooks: 'stack', sequencer: SlowestFirst },
    restoreMocks: true,
    // Whoever waits waits for what must come: the limits find hangs, and are no matter of how fast a machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        // What is pure needs no module of its own for each file: two thirds of the time were their imports. Properties
        // are among it: in processes of their own, all would be loaded and compiled once more.
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [...system, ...browser],
          ...(isDeep && { testTimeout: 600_000 }),
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real servers and real time, browsers among them, after what is pure. Much of it is waiting: three files at
        // once keep two cores busy. The files of a worker share its process: what one leaves running, the next one has.
        extends: true,
        test: {
          name: 'system',
          isolate: false,
          include: system,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          isolate: false,
          include: browser,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
