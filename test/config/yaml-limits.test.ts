/** Each limit just below and just above, and what bombs cost. */
import { describe, expect, it } from 'vitest';
import { MAX_NODES } from '../../src/config/tree.ts';
import { MAX_TOKENS, MAX_YAML_BYTES } from '../../src/config/yaml.ts';
import { MAX_ALIASES } from '../../src/config/yaml-tree.ts';
import { cpuTimer } from '../cpu-time.ts';
import { brief, errorOf, load, loadInput, problemsOf } from './fakes.ts';

const nested = (open: string, close: string, depth: number): string =>
  `x-deep: ${open.repeat(depth)}1${close.repeat(depth)}`;

/** The document is the first level. */
const block = (depth: number): string =>
  Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}x-a:`).join('\n') + ' 1';

describe('YAML limits', () => {
  it('takes 1 MiB and no byte more', async () => {
    const filler = (bytes: number): string => `x-note: "${'é'.repeat((bytes - 10) / 2)}"`;
    expect(Buffer.byteLength(filler(MAX_YAML_BYTES))).toBe(MAX_YAML_BYTES);
    await load(filler(MAX_YAML_BYTES));
    const problems = await problemsOf(`\n${filler(MAX_YAML_BYTES)}`);
    expect(problems.map(brief)).toEqual([`yaml-limit  2:${10 + (MAX_YAML_BYTES - 10) / 2}`]);
  });

  it.each([
    ['flow lists', (depth: number) => nested('[', ']', depth - 1)],
    ['flow maps', (depth: number) => nested('{x-a: ', '}', depth - 1)],
    ['block maps', block],
    ['block lists', (depth: number) => `x-a:\n  ${'- '.repeat(depth - 1)}1`],
    ['explicit keys', (depth: number) => `${'? '.repeat(depth - 1)}{a: 1}`],
    ['compact maps', (depth: number) => `${'a: '.repeat(depth)}1`],
  ])('takes 64 levels of %s and no more', async (_, text) => {
    const below = await load(text(64)).catch((error) => error.problems);
    expect(JSON.stringify(below)).not.toContain('levels of nesting');
    const [above] = await problemsOf(text(65));
    expect(above).toMatchObject({
      code: 'yaml-limit',
      text: 'expected at most 64 levels of nesting, found more',
    });
    expect(above?.place.line).toBeGreaterThan(0);
  });

  it('takes 64 levels through an alias and no more', async () => {
    const text = (depth: number): string =>
      `x-a: &a ${'['.repeat(32)}${']'.repeat(32)}\nx-b: ${'['.repeat(depth - 33)}*a${']'.repeat(depth - 33)}`;
    await load(text(64));
    expect((await problemsOf(text(65))).map(({ code }) => code)).toEqual(['yaml-limit']);
  });

  it('takes 100 aliases and no more', async () => {
    const text = (count: number): string => `x-a: &a 1\nx-b: [${Array(count).fill('*a').join(', ')}]`;
    await load(text(MAX_ALIASES));
    expect((await problemsOf(text(MAX_ALIASES + 1))).map(brief)).toEqual(['yaml-limit  2:407']);
  });

  it('takes 50,000 values, aliases resolved, and no more', async () => {
    // The outermost map, two lists, and what is in them.
    const text = (values: number): string => {
      const once = `x-a: &a [${Array(999).fill('1').join(',')}]`;
      return `${once}\nx-b: [${Array(48).fill('*a').join(',')}, ${Array(values - 49_002)
        .fill('1')
        .join(',')}]`;
    };
    await load(text(MAX_NODES));
    expect((await problemsOf(text(MAX_NODES + 1))).map(({ code }) => code)).toEqual(['yaml-limit']);
  });

  it('takes 100,000 tokens and no more', async () => {
    // The first line has eight: two markers, two scalars, a colon, a space, the end of the line, the document.
    const text = (comments: number): string => `x-a: 1\n${'#\n'.repeat(comments)}`;
    await load(text((MAX_TOKENS - 8) / 2));
    const problems = await problemsOf(text((MAX_TOKENS - 6) / 2));
    expect(problems.map(brief)).toEqual([`yaml-limit  ${(MAX_TOKENS - 6) / 2 + 1}:1`]);
  });

  it('stops at 100 problems', async () => {
    const text = (count: number): string => Array.from({ length: count }, (_, n) => `key-${n}: 1`).join('\n');
    expect(await problemsOf(text(99))).toHaveLength(99);
    expect(await problemsOf(text(1000))).toHaveLength(100);
  });

  it.each([
    ['a key twice', 'log-level: info\nlog-level: debug', 'yaml-invalid log-level 2:1'],
    ['an unknown tag', 'x-a: !secret 1', 'yaml-invalid  1:6'],
    ['a tag of YAML 1.1', 'x-a: !!binary aGk=', 'yaml-invalid  1:6'],
    ['a merge key', 'x-a: &a {b: 1}\nx-c: {<<: *a}', 'yaml-invalid x-c["<<"] 2:7'],
    ['a key that is a list', '[a]: 1', 'yaml-invalid  1:1'],
    ['a second document', 'x-a: 1\n---\nx-b: 1', 'yaml-invalid  2:1'],
    ['an alias of nothing', 'x-a: *b', 'yaml-invalid  1:6'],
    ['an alias within its anchor', 'x-a: &a [*a]', 'yaml-invalid  1:10'],
    ['a tab as indentation', 'plugins:\n\t- a', 'yaml-invalid  2:1'],
    ['a key named __proto__', 'x-a: {__proto__: 1}', 'yaml-invalid x-a.__proto__ 1:7'],
    ['an open bracket', 'routes: [', 'yaml-invalid  1:10'],
    ['a number that loses digits', 'x-a: 12345678901234567890', 'invalid-value x-a 1:6'],
  ])('refuses %s', async (_, text, expected) => {
    expect((await problemsOf(text)).map(brief)).toContain(expected);
  });

  it('reads an alias as what stood before it', async () => {
    const { plan } = await load('x-a: &h [one]\nhosts: *h\nx-b: &h [two]');
    expect(plan.server.hosts).toEqual(['one']);
  });

  const mib = (text: string): string => text.repeat(Math.floor(MAX_YAML_BYTES / text.length));
  const laughs = Array.from(
    { length: 12 },
    (_, n) =>
      `x-${n}: &a${n} [${Array(8)
        .fill(n === 0 ? 'ha' : `*a${n - 1}`)
        .join()}]`,
  );
  it.each([
    ['1 MiB of [', mib('[')],
    ['1 MiB of {a:', mib('{a: ')],
    ['1 MiB of -', mib('- ')],
    ['1 MiB of ?', mib('? ')],
    ['1 MiB of a:', mib('a: ')],
    ['1 MiB of ]', mib(']')],
    [
      '1 MiB of keys',
      Array.from({ length: 100_000 }, (_, n) => `k${n}: 1`)
        .join('\n')
        .slice(0, MAX_YAML_BYTES),
    ],
    ['1 MiB of equal keys', mib('a: 1\n')],
    ['1 MiB of documents', mib('---\n')],
    ['1 MiB of wrong directives', mib('%a\n')],
    ['1 MiB of aliases', `x: ${mib('*a ').slice(4)}`],
    ['1 MiB of tags', mib('- !t a\n')],
    ['1 MiB of quotes', mib('"')],
    ['mistakes as many as tokens allow', `{${'[],'.repeat(30_000)}`],
    ['tags as many as tokens allow', '- !t\n'.repeat(19_000)],
    ['a billion laughs', laughs.join('\n')],
    ['a pyramid of block maps', Array.from({ length: 1400 }, (_, n) => `${' '.repeat(n)}a:`).join('\n')],
    ['a file of 2 MiB', mib('# \n').repeat(2)],
  ])('refuses %s within a second, with a place', async (_, text) => {
    const worked = cpuTimer();
    const [first] = await problemsOf(text);
    // The bound is a second, here a tenth of that: a machine that is some times slower is no defect.
    expect(worked()).toBeLessThan(5_000);
    expect(first?.place.line).toBeGreaterThan(0);
    expect(first?.place.column).toBeGreaterThan(0);
  });

  it('refuses an object that is too deep or contains itself', async () => {
    const circle: Record<string, unknown> = {};
    circle['x-a'] = circle;
    const deep = (depth: number): Record<string, unknown> => (depth === 1 ? {} : { 'x-a': deep(depth - 1) });
    await loadInput({ value: deep(64) });
    for (const value of [circle, deep(66)]) {
      const { problems } = await errorOf(loadInput({ value }));
      expect(problems.map(({ code }) => code)).toEqual(['yaml-limit']);
    }
  });
});
