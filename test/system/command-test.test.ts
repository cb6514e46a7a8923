// `araldo test` as a user types it: the exit codes, and a process that ends.

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { araldo } from './support/command.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-command-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A step of somebody who uses the library, and keeps something open. */
const step = `
import { defineOperator } from 'araldo';
setInterval(() => undefined, 1_000);
export default defineOperator({
  kind: 'fn', name: 'double', summary: 'Doubles.',
  options: { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } },
  create: () => ({ payload }) => Number(payload) * 2,
});
`;

const routes = `
plugins:
  - { name: numbers, id: endpoint-mock }
  - { name: doubles, id: endpoint-mock }
routes:
  numbers: { via: [./double.ts], to: [doubles] }
`;

const testOf = (payload: number): string => `
tests:
  - name: numbers are doubled
    given: { from: numbers, payload: 2 }
    expect: { doubles: [{ payload: ${payload} }] }
`;

describe('araldo test', () => {
  test('passes for the default configuration, its laws too', async () => {
    await cp(fileURLToPath(new URL('../../araldo.yaml', import.meta.url)), join(folder, 'araldo.yaml'));
    const it = araldo(folder, 'test', '--properties', '--runs', '10', '--seed', '1');
    expect([await it.code, it.out.stderr]).toEqual([0, '']);
    expect(it.out.stdout).toMatch(/^araldo.yaml\n {2}✔ a high price is an alert\n/);
    expect(it.out.stdout).toMatch(/\n\d tests passed, 1\d laws held\n$/);
  });

  test('ends with 0 or 1, whatever a file of the user keeps open', async () => {
    await writeFile(join(folder, 'double.ts'), step);
    await writeFile(join(folder, 'good.yaml'), `${routes}${testOf(4)}`);
    await writeFile(join(folder, 'bad.yaml'), `${routes}${testOf(5)}`);
    const [good, bad] = [araldo(folder, 'test', '-c', 'good.yaml'), araldo(folder, 'test', '-c', 'bad.yaml')];
    expect([await good.code, good.out.stderr]).toEqual([0, '']);
    expect(await bad.code).toBe(1);
    expect(bad.out.stdout).toContain('    - { payload: 5 }\n    + { payload: 4 }\n');
    // No terminal, no colours.
    expect(bad.out.stdout).not.toContain('\u001b');
  });

  test('ends with 78 for a test that cannot be, which check says as well, with its place', async () => {
    await writeFile(
      join(folder, 'wrong.yaml'),
      `${routes}${testOf(4).replace('from: numbers', 'from: nubmers')}`,
    );
    for (const word of ['test', 'check']) {
      const it = araldo(folder, word, '-c', 'wrong.yaml');
      expect(await it.code).toBe(78);
      expect(it.out.stderr).toContain('wrong.yaml:10:20');
      expect(it.out.stderr).toContain('did you mean numbers?');
    }
  });

  test('ends with 2 for a word that it does not know', async () => {
    const [number, format] = [
      araldo(folder, 'test', '--runs', 'ten'),
      araldo(folder, 'test', '--format', 'tap'),
    ];
    expect(await number.code).toBe(2);
    expect(number.out.stderr).toContain('expected a whole number');
    expect(await format.code).toBe(2);
  });
});
