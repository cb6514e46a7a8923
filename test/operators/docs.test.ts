// The page of the operators says what they are, and every example on it is one that works.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { operatorsPage } from '../../docs/generate/operators.ts';
import { optionRows, shortForms } from '../../docs/generate/option-rows.ts';
import { sourceText } from '../../docs/generate/source-text.ts';
import { builtins } from '../../src/builtins.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import { allOperators } from './all.ts';

const page = await readFile(new URL('../../docs/operators.md', import.meta.url), 'utf8');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-operators-'));
  // Files that examples name begin with their name.
  for (const [, code = '', name = ''] of page.matchAll(/^```ts\n(\/\/ (\S+\.ts)\n[\s\S]*?)^```$/gm))
    await writeFile(join(folder, name), code);
});
afterAll(() => rm(folder, { recursive: true }));

describe('docs/operators.md', () => {
  it('is what `npm run docs` writes', async () => {
    expect(page).toBe(await operatorsPage());
  });

  it('has a section for each operator, with a diagram, an example and what each option is', () => {
    for (const name of Object.keys(allOperators)) {
      const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      expect(section).toMatch(/^```\n\S+ +─/m);
      expect(section).toContain('```yaml\nroutes:');
      expect(section).toMatch(/takes (an? )?\w+|\| option \|/);
      expect(section).not.toMatch(/\| {2}\|/);
    }
  });

  const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

  it.each(examples)('shows configurations that load:\n%s', async (text) => {
    const { routes } = parse(text) as { routes: { orders: { via: readonly unknown[]; to: string } } };
    for (const step of routes.orders.via) {
      const plugins = [
        { name: 'json', id: 'marshal-json' },
        ...['orders', 'archive'].map((name) => ({ name, id: 'endpoint-mock' })),
      ];
      const value = { plugins, routes: { orders: { ...routes.orders, via: [step] } } };
      await loadConfiguration({ value }, { registry: createRegistry(builtins), directory: folder });
    }
  });
});

describe('what the page is made of', () => {
  it('is the docstring and signature of the exported function', () => {
    const source = [
      '/** Not this one. */',
      'export function other(): void {',
      '}',
      '/**',
      ' * Does it. Well.',
      ' *',
      ' * ```',
      ' * source  ──a──▶',
      ' * ```',
      ' *',
      ' * @param how in which',
      ' *   way.',
      ' * @example',
      ' * ```yaml',
      ' * via:',
      ' *   - doIt: 1s',
      ' * ```',
      ' *',
      ' * And a file.',
      ' */',
      'export function doIt(',
      '  how: string,',
      '  options: Options = {},',
      '): MessageOperator {',
    ].join('\n');
    expect(sourceText(`${source}\n`)).toEqual({
      text: 'Does it. Well.',
      marbles: 'source  ──a──▶',
      parameters: [{ name: 'how', text: 'in which way.' }],
      yaml: '  - doIt: 1s',
      code: 'And a file.',
      signature: 'doIt(how: string, options: Options = {}): MessageOperator',
    });
  });

  it('is the options of the declaration, with their kinds and defaults', () => {
    const schema = {
      anyOf: [
        { type: 'string', examples: ['250ms'] },
        {
          properties: {
            every: { type: 'string', examples: ['250ms'], description: 'How long.' },
            max: { type: 'integer', default: 7, description: 'How many.' },
            cache: { type: 'object', properties: { for: { type: 'boolean' } } },
            cases: { type: 'array', items: { properties: { when: { type: 'string' } }, required: ['when'] } },
          },
          required: ['every'],
        },
      ],
    };
    expect(shortForms(schema)).toEqual(['duration']);
    expect(optionRows(schema)).toEqual([
      { name: 'every', type: 'duration', isRequired: true, description: 'How long.' },
      { name: 'max', type: 'integer', isRequired: false, description: 'How many; 7 unless given.' },
      { name: 'cache', type: 'map', isRequired: false, description: '' },
      { name: 'cache.for', type: '`true`, `false`', isRequired: false, description: '' },
      { name: 'cases', type: 'list', isRequired: false, description: '' },
      { name: 'cases[].when', type: 'text', isRequired: true, description: '' },
    ]);
  });
});
