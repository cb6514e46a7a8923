// Where plugins and operators are looked for, each place a real folder.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/runtime/registry.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-registry-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

const step = (name: string) => `
  const options = { '~standard': { version: 1, vendor: 'by-hand', validate: (value) => ({ value }) } };
  export default { kind: 'fn', name: '${name}', summary: '', options, create: () => () => null };`;

describe('the registry', () => {
  test('finds what the package that holds the configuration announces itself, from any folder of it', async () => {
    const manifest = { type: 'module', araldo: { operators: { shout: './shout.js', out: '../out.js' } } };
    await write('plugin/package.json', JSON.stringify(manifest));
    await write('plugin/shout.js', step('shout'));
    await write('out.js', step('out'));
    const registry = createRegistry({ plugins: {}, operators: {} });
    for (const place of ['plugin', 'plugin/demo']) {
      const found = await registry.findOperator('shout', join(folder, place));
      expect(found?.name).toBe('shout');
    }
    await expect(registry.findOperator('out', join(folder, 'plugin'))).rejects.toThrow(
      'expected a file inside',
    );
  });

  test('finds nothing that is announced by a package which is no dependency', async () => {
    await write('user/package.json', JSON.stringify({ dependencies: {} }));
    const announced = { type: 'module', araldo: { operators: { hidden: './step.js' } } };
    await write('user/node_modules/stranger/package.json', JSON.stringify(announced));
    await write('user/node_modules/stranger/step.js', step('hidden'));
    const registry = createRegistry({ plugins: {}, operators: {} });
    expect(await registry.findOperator('hidden', join(folder, 'user'))).toBeUndefined();
  });
});
