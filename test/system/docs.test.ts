// Every example in the documents is one that works: YAML is checked, and the code of the README runs.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { araldo } from './support/command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function blocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  );
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-docs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a fragment without plugins speaks of. */
const endpoints = ['orders', 'dashboard', 'archive', 'dead']
  .map((name) => `  - { name: ${name}, id: endpoint-mock }\n`)
  .join('');

describe.each(['README.md', 'docs/configuration.md'])('the YAML of %s', (file) => {
  test('is valid, every block', async () => {
    const examples = await blocks(file, 'yaml');
    expect(examples.length).toBeGreaterThan(0);
    const [step = ''] = await blocks('docs/configuration.md', 'ts');
    await writeFile(join(folder, 'add-tenant.ts'), step);
    for (const example of examples) {
      await writeFile(
        join(folder, 'example.yaml'),
        example.includes('plugins:') ? example : `plugins:\n${endpoints}${example}`,
      );
      const check = araldo(folder, 'check', '-c', 'example.yaml');
      expect(await check.code, `${example}\n${check.out.stderr}`).toBe(0);
    }
  });
});

test('the code of the README runs', async () => {
  const [code = ''] = await blocks('README.md', 'ts');
  expect(code).toContain("startServer('araldo.yaml')");
  const lines: unknown[] = [];
  const body = code
    .replace(/^import .*$/gm, '')
    .replace("'araldo.yaml'", 'config')
    .replaceAll('console.log', 'print');
  const AsyncFunction = (async () => undefined).constructor as new (
    ...words: string[]
  ) => (...values: unknown[]) => Promise<{ stop(): Promise<unknown> }>;
  const { Message, startServer } = await import('../../src/index.ts');
  const { claim, filter, sinkOf } = await import('../../operators/index.ts');
  const run = new AsyncFunction(
    'config',
    'print',
    'Message',
    'startServer',
    'claim',
    'filter',
    'sinkOf',
    `${body}\nreturn server;`,
  );
  const config = {
    'server-port': 0,
    'log-level': 'fatal',
    plugins: ['chat', 'prices', 'ticker'].map((name) => ({ name, id: 'endpoint-mock' })),
    routes: {},
  };
  const server = await run(
    config,
    (line: unknown) => lines.push(line),
    Message,
    startServer,
    claim,
    filter,
    sinkOf,
  );
  interface Mock {
    emit(payload: unknown): void;
    readonly sent: readonly { readonly payload: unknown }[];
  }
  const { endpoint } = server as unknown as { endpoint(name: string): Mock };
  await new Promise((resolve) => setTimeout(resolve, 20));
  endpoint('chat').emit('from outside');
  endpoint('prices').emit('a price');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(lines).toEqual(['from outside']);
  expect(endpoint('chat').sent.map(({ payload }) => payload)).toEqual(['hello, all']);
  expect(endpoint('ticker').sent.map(({ payload }) => payload)).toEqual(['a price']);
  await server.stop();
});
