import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_SECRET_BYTES, MAX_SUBSTITUTED } from '../../src/config/substitute.ts';
import { brief, load, loadInput, type Options, problemsOf } from './fakes.ts';

const queue = (url: string): string => `plugins:\n  - name: q\n    id: endpoint-queue\n    url: ${url}\n`;

async function urlOf(text: string, options: Options = {}): Promise<unknown> {
  const { plan } = await load(queue(text), options);
  return plan.endpoints['q']?.options['url'];
}

describe('substitution', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'araldo-config-'));
    writeFileSync(join(directory, 'token'), 'abc def\n');
    writeFileSync(join(directory, 'two'), 'one\n\n');
    writeFileSync(join(directory, 'most'), 'a'.repeat(MAX_SECRET_BYTES));
    writeFileSync(join(directory, 'more'), 'a'.repeat(MAX_SECRET_BYTES + 1));
    writeFileSync(join(directory, 'bytes'), Buffer.from([0xff, 0xfe]));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['a variable', '${HOST}', 'example.org'],
    ['a variable within text', '"redis://${HOST}:1"', 'redis://example.org:1'],
    ['several', '"${HOST} ${HOST}"', 'example.org example.org'],
    ['a default', '"${NONE:-a b}"', 'a b'],
    ['an empty default', '"x${NONE:-}"', 'x'],
    ['the default of an empty variable', '"${EMPTY:-a}"', 'a'],
    ['an empty variable', '"x${EMPTY}"', 'x'],
    ['no default where the variable is set', '"${HOST:-a}"', 'example.org'],
    ['a variable with a message', '"${HOST:?needed}"', 'example.org'],
    ['$${ as ${', '"$${HOST}"', '${HOST}'],
    ['$$${ as $${', '"$$${HOST}"', '$${HOST}'],
    ['a dollar as a dollar', '"$HOST $ {"', '$HOST $ {'],
    ['a file without its last line end', '"${file:token}"', 'abc def'],
    ['a file without more than that', '"${file:two}"', 'one\n'],
  ])('reads %s', async (_, text, expected) => {
    expect(await urlOf(text, { env: { HOST: 'example.org', EMPTY: '' }, directory })).toBe(expected);
  });

  it('does not look into what it has put in', async () => {
    expect(await urlOf('"${A}"', { env: { A: '${B}', B: 'b' } })).toBe('${B}');
  });

  it('leaves keys and anchors alone', async () => {
    const { plan } = await load('routes: {}\nx-${A}: ${B:-b}');
    expect(plan.routes).toEqual({});
  });

  it.each([
    ['8080', 8080],
    ['0x1F', 31],
    ['-1.5', -1.5],
    ['true', true],
    ['null', null],
    ['text', 'text'],
    ['[1]', '[1]'],
    ['a: b', 'a: b'],
    ['00001234567890123456789', '00001234567890123456789'],
  ])('types %s again where it stands without quotes', async (value, expected) => {
    const { plan } = await loadInput(
      { text: 'plugins:\n  - name: r\n    id: any\n    channel: "${V}"\n    plain: ${V}' },
      { env: { V: value }, registry: anything },
    );
    expect(plan.endpoints['r']?.options).toEqual({ channel: value, plain: expected });
  });

  it('gives a port from a variable', async () => {
    expect((await load('server-port: ${PORT:-8080}')).plan.server.port).toBe(8080);
    expect((await load('server-port: ${PORT:-8080}', { env: { PORT: '81' } })).plan.server.port).toBe(81);
    const problems = await problemsOf('server-port: "${PORT}"', { env: { PORT: '81' } });
    expect(problems.map(brief)).toEqual(['invalid-value server-port 1:14']);
  });

  it('substitutes in an object given by code as well', async () => {
    const { plan, secrets } = await loadInput(
      { value: { 'server-port': '${PORT}', plugins: [{ name: 'q', id: 'endpoint-queue', url: '${URL}' }] } },
      { env: { PORT: '81', URL: 'redis://secret' } },
    );
    expect([plan.server.port, secrets]).toEqual([81, ['redis://secret']]);
  });

  it.each([
    [
      'an unset variable',
      '${NONE}',
      'unset-variable',
      'expected the variable NONE to be set: set it, or give a default: ${NONE:-…}',
    ],
    [
      'a demanded one',
      '"${NONE:?see the wiki}"',
      'unset-variable',
      'expected the variable NONE to be set: see the wiki',
    ],
    [
      'an empty demanded one',
      '"${EMPTY:?no}"',
      'unset-variable',
      'expected the variable EMPTY to be set: no',
    ],
    [
      'an open brace',
      '"${NONE"',
      'invalid-value',
      'expected a } after ${; write $${ for the characters themselves',
    ],
    ['no name', '"${}"', 'invalid-value', expect.stringContaining('expected VAR')],
    ['a nested default', '"${A:-${B}}"', 'invalid-value', expect.stringContaining('expected VAR')],
    ['a missing file', '"${file:none}"', 'unreadable-secret', expect.stringContaining('ENOENT')],
    [
      'a file that is a folder',
      '"${file:.}"',
      'unreadable-secret',
      expect.stringContaining('it is not a file'),
    ],
    ['a device', '"${file:/dev/zero}"', 'unreadable-secret', expect.stringContaining('it is not a file')],
    [
      'a file of more than 64 KiB',
      '"${file:more}"',
      'unreadable-secret',
      expect.stringContaining('larger than 64 KiB'),
    ],
    ['a file that is not UTF-8', '"${file:bytes}"', 'unreadable-secret', expect.stringContaining('valid')],
  ])('reports %s, once', async (_, text, code, expected) => {
    const problems = await problemsOf(queue(text), { env: { EMPTY: '' }, directory });
    expect(problems).toEqual([expect.objectContaining({ code, text: expected })]);
    expect(problems[0]?.place).toMatchObject({ line: 4, path: 'plugins[0].url' });
  });

  it('asks for quotes where braces of a variable would be those of a map', async () => {
    const problems = await problemsOf('plugins:\n  - { name: q, id: endpoint-queue, url: ${URL} }');
    expect(problems.map(({ text, place }) => [text, place.line, place.column])).toEqual([
      ['expected quotes around ${…} within { } or [ ], found none', 2, 41],
    ]);
  });

  it('takes a file of 64 KiB', async () => {
    expect(await urlOf('"${file:most}"', { directory })).toHaveLength(MAX_SECRET_BYTES);
  });

  it('takes 4 MiB from variables and no more', async () => {
    const many = (times: number): string => `"${'${BIG}'.repeat(times)}"`;
    const env = { BIG: 'a'.repeat(MAX_SUBSTITUTED / 64) };
    expect(await urlOf(many(64), { env })).toHaveLength(MAX_SUBSTITUTED);
    expect((await problemsOf(queue(many(65)), { env })).map(({ code }) => code)).toEqual(['yaml-limit']);
  });

  it('collects what came from variables and files, but no default and nothing that everybody sees', async () => {
    const { secrets } = await load(
      [
        'server-port: ${PORT}',
        'log-level: ${LEVEL}',
        'plugins:',
        '  - name: ${NAME}',
        '    id: endpoint-queue',
        '    url: "${URL}-${NONE:-default}-${file:token}"',
        '    tries: ${TRIES}',
      ].join('\n'),
      { env: { PORT: '8081', LEVEL: 'debug', NAME: 'orders', URL: 'redis://x', TRIES: '3' }, directory },
    );
    expect(secrets).toEqual(['redis://x', 'abc def']);
  });
});

const anything = {
  findPlugin: async (id: string) => ({
    kind: 'endpoint' as const,
    id,
    summary: '',
    options: {
      '~standard': { version: 1 as const, vendor: 'any', validate: (value: unknown) => ({ value }) },
    },
    capabilities: () => ({}),
    create: () => {
      throw new Error('config makes nothing');
    },
  }),
  findOperator: async () => undefined,
  loadFile: async () => undefined,
  pluginIds: async () => [],
  operatorNames: () => [],
};
