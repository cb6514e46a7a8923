// Every example in the documents is one that works: YAML is checked, code runs, and what is shown is what is printed.

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { araldo, start } from './support/command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function blocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  );
}

/** Runs code of a document with what it imports, and what it speaks of, given by name. */
async function runCode(code: string, given: Readonly<Record<string, unknown>>): Promise<unknown> {
  const body = code.replace(/^import .*$/gm, '');
  const AsyncFunction = (async () => undefined).constructor as new (
    ...words: string[]
  ) => (...values: unknown[]) => Promise<unknown>;
  return new AsyncFunction(...Object.keys(given), body)(...Object.values(given));
}

/** Reads each file as `araldo check` does, and names those that are valid. */
const loadAll = `
  import { loadRelay } from ${JSON.stringify(new URL('../../src/testing/load-relay.ts', import.meta.url).href)};
  for (const file of process.argv.slice(1)) {
    await loadRelay({ file });
    console.log(file);
  }
  process.exit();`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-docs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a fragment without plugins speaks of. */
const endpoints = ['orders', 'dashboard', 'archive', 'dead']
  .map((name) => `  - { name: ${name}, id: endpoint-mock }\n`)
  .join('');

/** Tests that stand alone are those of the first example. */
function whole(example: string, first: string): string {
  if (example.startsWith('tests:')) return `${first}${example}`;
  return example.includes('plugins:') ? example : `plugins:\n${endpoints}${example}`;
}

describe.each(['README.md', 'docs/configuration.md'])('the YAML of %s', (file) => {
  test('is valid, every block', async () => {
    const examples = await blocks(file, 'yaml');
    expect(examples.length).toBeGreaterThan(0);
    const [step = ''] = await blocks('docs/configuration.md', 'ts');
    await writeFile(join(folder, 'add-tenant.ts'), step);
    const files = await Promise.all(
      examples.map(async (example, place) => {
        const name = `example-${place}.yaml`;
        await writeFile(join(folder, name), whole(example, examples[0] ?? ''));
        return name;
      }),
    );
    // All in one process of Node, where own files find `araldo` as they do for users.
    await using check = start(process.execPath, ['--input-type=module', '-e', loadAll, ...files], {
      cwd: folder,
    });
    expect(await check.code, `${check.out.stderr}`).toBe(0);
    expect(check.out.stdout.trim().split('\n')).toEqual(files);
  });
});

describe('the README', () => {
  beforeAll(async () => {
    const examples = await blocks('README.md', 'yaml');
    const tests = examples.find((example) => example.startsWith('tests:')) ?? '';
    await writeFile(join(folder, 'araldo.yaml'), whole(tests, examples[0] ?? ''));
  });

  test('shows what its commands print; … stands for lines that are left out', async () => {
    const shown = await blocks('README.md', 'text');
    expect(shown.length).toBeGreaterThan(0);
    for (const block of shown) {
      const [command = '', ...lines] = block.split('\n');
      const [, ...words] = command.replace('$ ', '').split(' ');
      // The same cases each time: what a law finds on others is no fault of the README.
      await using run = araldo(
        folder,
        ...words,
        ...(words.includes('--properties') ? ['--seed', '7', '--runs', '20'] : []),
      );
      expect(await run.code, `${run.out.stderr}`).toBe(0);
      let at = 0;
      for (const part of lines.join('\n').split(/^…\n/m)) {
        const place = run.out.stdout.indexOf(part.trimEnd(), at);
        expect(place, `${part}\nis not in\n${run.out.stdout.slice(at)}`).toBeGreaterThanOrEqual(at);
        at = place + part.trimEnd().length;
      }
    }
  });

  test('names commands that there are', async () => {
    const named = (await blocks('README.md', 'sh')).flatMap((block) =>
      [...block.matchAll(/^npm start (?:--silent )?-- (\w+)/gm)].map(([, command = '']) => command),
    );
    expect(named).toEqual(['check', 'explain', 'test', 'print', 'graph']);
    // The others are shown with what they print.
    for (const command of ['check', 'print', 'graph']) {
      await using run = araldo(folder, command);
      expect(await run.code, `${run.out.stderr}`).toBe(0);
      expect(run.out.stdout).not.toBe('');
    }
  });

  test('has links that lead somewhere', async () => {
    const text = await readFile(join(root, 'README.md'), 'utf8');
    const links = [...text.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) await expect(stat(join(root, link))).resolves.toBeDefined();
  });

  test('has operators in code that work', async () => {
    const typed = (await blocks('README.md', 'ts')).find((block) => block.includes('startServer')) ?? '';
    const code = stripTypeScriptTypes(typed);
    const lines: unknown[] = [];
    const config = {
      'server-port': 0,
      'log-level': 'fatal',
      plugins: [
        { name: 'json', id: 'marshal-json' },
        ...['chat', 'prices', 'ticker'].map((name) => ({ name, id: 'endpoint-mock' })),
      ],
      routes: {},
    };
    const { Message, startServer } = await import('../../src/index.ts');
    const operators = await import('../../operators/index.ts');
    interface Mock {
      emit(payload: unknown): void;
      readonly sent: readonly { readonly payload: unknown }[];
    }
    const server = (await runCode(
      `${code.replace("'araldo.yaml'", 'config').replaceAll('console.log', 'print')}\nreturn server;`,
      { ...operators, Message, startServer, config, print: (line: unknown) => lines.push(line) },
    )) as { endpoint(name: string): Mock; stop(): Promise<unknown> };
    const { endpoint } = server;
    const pass = () => new Promise((resolve) => setTimeout(resolve, 20));
    await pass();
    endpoint('chat').emit('from outside');
    for (const price of [90, 110, 120]) endpoint('prices').emit({ price });
    await pass();
    expect(lines).toEqual(['from outside']);
    expect(endpoint('chat').sent.map(({ payload }) => payload)).toEqual(['hello, all']);
    expect(endpoint('ticker').sent.map(({ payload }) => payload)).toEqual([{ price: 110 }]);
    await server.stop();
  });

  test('has tests in code that pass', async () => {
    const code = (await blocks('README.md', 'ts')).find((block) => block.includes('virtualRelay')) ?? '';
    const tests: (() => Promise<unknown>)[] = [];
    const { laws, virtualRelay } = await import('../../src/testing/index.ts');
    await runCode(code.replaceAll("'araldo.yaml'", 'file'), {
      laws,
      virtualRelay,
      expect,
      file: join(folder, 'araldo.yaml'),
      test: (_name: string, check: () => Promise<unknown>) => tests.push(check),
    });
    expect(tests).toHaveLength(2);
    for (const check of tests) await check();
  });
});
