// The examples of docs/testing.md are what `araldo test` does with them.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { laws, virtualRelay } from '../../src/testing/index.ts';
import { runTest } from '../testing/command/run-test.ts';
import { araldo } from './support/command.ts';

interface Block {
  readonly language: string;
  readonly text: string;
}

const page = await readFile(new URL('../../docs/testing.md', import.meta.url), 'utf8');
const blocks: readonly Block[] = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
  ([, language = '', text = '']) => ({ language, text }),
);
const whole = blocks.find(({ language }) => language === 'yaml')?.text ?? '';
const plugins = whole.slice(0, whole.indexOf('routes:'));
const routes = whole.slice(whole.indexOf('routes:'), whole.indexOf('tests:'));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-testing-docs-'));
  const step = blocks.find(({ text }) => text.startsWith('// calm.ts'))?.text ?? '';
  await writeFile(join(folder, 'calm.ts'), step);
});
afterAll(() => rm(folder, { recursive: true }));

/** Own files find `araldo` there, as they do for users. */
async function runInProcess(): Promise<{ readonly code: number | null; readonly out: string }> {
  const command = araldo(folder, 'test', '--properties', '--seed', '7');
  const code = await command.code;
  return { code, out: command.out.stdout };
}

/** A fragment stands in the configuration of the first example. */
async function written({ text }: Block): Promise<string> {
  const file = join(folder, 'araldo.yaml');
  const full = text.includes('plugins:')
    ? text
    : text.includes('routes:')
      ? `${plugins}${text}`
      : `${plugins}${routes}${text}`;
  await writeFile(file, full);
  return file;
}

describe('docs/testing.md', () => {
  const shown = blocks.flatMap((block, place) => {
    const next = blocks[place + 1];
    if (block.language !== 'yaml') return [];
    return [{ block, output: next?.language === 'text' ? next.text : undefined }];
  });

  test.each(shown)('shows what comes of its examples ($block.text)', async ({ block, output }) => {
    const file = await written(block);
    const isLong = output?.startsWith('$ araldo test --properties') === true;
    const { code, out } = isLong ? await runInProcess() : await runTest(file);
    if (output === undefined) {
      expect(out).toContain('passed');
      expect(code).toBe(0);
      return;
    }
    const printed = out.replaceAll(`${folder}/`, '');
    const [, ...lines] = output.split('\n');
    let at = 0;
    for (const part of lines.join('\n').split(/^…\n/m)) {
      const place = printed.indexOf(part.trimEnd(), at);
      expect(place, `${part}\nis not in\n${printed.slice(at)}`).toBeGreaterThanOrEqual(at);
      at = place + part.length;
    }
    if (!output.includes('…')) expect(printed.trimEnd()).toBe(lines.join('\n').trimEnd());
    expect(code).toBe(output.includes('✖') ? 1 : 0);
  });

  test('has code that runs', async () => {
    const file = await written({ language: 'yaml', text: whole });
    const code = blocks.find(({ text }) => text.startsWith('import { laws, virtualRelay }'))?.text ?? '';
    const lines: unknown[] = [];
    const AsyncFunction = (async () => undefined).constructor as new (
      ...words: string[]
    ) => (...values: unknown[]) => Promise<unknown>;
    const body = code
      .replace(/^import .*$/gm, '')
      .replaceAll("'araldo.yaml'", 'file')
      .replaceAll('console.log', 'print');
    const run = new AsyncFunction('file', 'print', 'laws', 'virtualRelay', body);
    await run(file, (line: unknown) => lines.push(line), laws, virtualRelay);
    expect(lines).toEqual(['open', [], { id: 1, total: 150 }]);
  });
});
