import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTest } from './run-test.ts';

const yaml = `
plugins:
  - { name: orders, id: endpoint-mock }
  - { name: archive, id: endpoint-mock }
routes:
  orders: { via: [./lose.js], to: [archive] }
tests:
  - name: "is <well> & 'good'"
    given: { from: orders, payload: { id: 1 } }
    expect: { archive: none }
  - name: fails
    given: { from: orders, payload: "<a> & \\"b\\"\\u0007" }
    expect: { archive: [{ payload: 1 }] }
`;

/** Fails what comes second, and takes it for well done. */
const lose = `
export default {
  kind: 'rx',
  name: 'lose',
  summary: 'Keeps all.',
  obligations: 'preserved',
  options: { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } },
  create: () => (source) => source.lift(function (source) {
    return source.subscribe({ next() {}, error: (thrown) => this.error(thrown), complete: () => this.complete() });
  }),
};
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-formats-'));
  await writeFile(join(folder, 'araldo.yaml'), yaml);
  await writeFile(join(folder, 'lose.js'), lose);
});
afterAll(() => rm(folder, { recursive: true }));

const run = async (format: 'json' | 'junit', properties = false) => {
  const flags = { format, properties, seed: 1, runs: 5 };
  const { code, out } = await runTest(join(folder, 'araldo.yaml'), flags);
  await rm(join(folder, 'araldo-regressions'), { recursive: true, force: true });
  return { code, out: out.replaceAll(`${folder}/`, '') };
};

describe('--format json', () => {
  it('is one document with what failed, where, and what happened', async () => {
    const { code, out } = await run('json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      file: 'araldo.yaml',
      passed: false,
      tests: [
        { name: "is <well> & 'good'", place: { file: 'araldo.yaml', line: 8, column: 5 }, passed: true },
        {
          name: 'fails',
          place: { file: 'araldo.yaml', line: 11, column: 5 },
          passed: false,
          stage: 1,
          failures: [
            {
              text: 'archive received no message, expected 1',
              place: { file: 'araldo.yaml', line: 13, column: 25 },
              messages: [
                {
                  kind: 'missing',
                  expected: { payload: 1 },
                  place: { file: 'araldo.yaml', line: 13, column: 25 },
                },
              ],
              notes: [],
            },
          ],
          timeline: [
            { atMs: 0, who: 'orders', what: expect.stringContaining('is sent orders#1') },
            { atMs: 0, who: 'orders.via[0] ./lose.js', what: expect.stringContaining('takes orders#1') },
          ],
        },
      ],
      regressions: [],
    });
  });

  it('has the laws, the smallest case of each that does not hold, and how to see it again', async () => {
    const { out } = await run('json', true);
    const { seed, runs, laws } = JSON.parse(out) as { seed: number; runs: number; laws: { name: string }[] };
    expect([seed, runs, laws.length]).toEqual([1, 5, 18]);
    expect(laws.find(({ name }) => name === 'liveness')).toMatchObject({
      number: 12,
      sentence: 'every gate opens again and every obligation ends, once all sinks take messages',
      outcome: 'broken',
      breach: 'orders#1 never settled: orders.via[0] ./lose.js has it',
      given: [{ from: 'orders' }],
      seed: 1,
      path: '0',
      kept: expect.stringMatching(/^araldo-regressions\/[a-z-]+-[0-9a-f]{6}\.yaml$/),
    });
    expect(laws.find(({ name }) => name === 'crash')).toMatchObject({
      outcome: 'does-not-apply',
      reason: 'no source delivers again what was not settled',
    });
    expect(laws.find(({ name }) => name === 'order')).toMatchObject({ outcome: 'holds', runs: 5 });
  });
});

describe('--format junit', () => {
  it('is a document in the form that CI servers read', async () => {
    const { code, out } = await run('junit', true);
    expect(code).toBe(1);
    const root = parsed(out);
    expect(problemsOf(root)).toEqual([]);
    expect(root).toMatchObject({ name: 'testsuites', attributes: { tests: '20', errors: '0' } });
    const [tests, laws] = root.children;
    expect(tests?.attributes).toMatchObject({ name: 'araldo.yaml', tests: '2', failures: '1' });
    expect(tests?.children.map(({ attributes }) => attributes['name'])).toEqual([
      "is <well> & 'good'",
      'fails',
    ]);
    expect(tests?.children[1]?.children[0]).toMatchObject({
      name: 'failure',
      attributes: { message: 'archive received no message, expected 1 (araldo.yaml:13:25)' },
      text: expect.stringContaining('<a> & \\"b\\"'),
    });
    expect(laws?.attributes).toMatchObject({ name: 'araldo.yaml: laws', tests: '18' });
  });
});

interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  text: string;
}

/** Of the schema that Jenkins and others share: which attributes an element may and must have, and what within. */
const schema: Readonly<
  Record<string, { may: readonly string[]; must: readonly string[]; within: readonly string[] }>
> = {
  testsuites: {
    may: ['name', 'time', 'tests', 'failures', 'disabled', 'errors'],
    must: [],
    within: ['testsuite'],
  },
  testsuite: {
    may: [
      'name',
      'tests',
      'failures',
      'errors',
      'group',
      'time',
      'skipped',
      'timestamp',
      'hostname',
      'id',
      'package',
      'file',
      'log',
      'url',
      'version',
    ],
    must: ['name', 'tests', 'failures', 'errors'],
    within: ['testcase'],
  },
  testcase: {
    may: ['name', 'time', 'classname', 'group'],
    must: ['name', 'classname', 'time'],
    within: ['skipped', 'failure'],
  },
  skipped: { may: ['type', 'message'], must: [], within: [] },
  failure: { may: ['type', 'message'], must: ['message', 'type'], within: [] },
};

function problemsOf({ name, attributes, children }: Element): readonly string[] {
  const rule = schema[name];
  if (rule === undefined) return [`${name} is unknown`];
  const given = Object.keys(attributes);
  return [
    ...given.filter((key) => !rule.may.includes(key)).map((key) => `${name} has ${key}`),
    ...rule.must.filter((key) => !given.includes(key)).map((key) => `${name} lacks ${key}`),
    ...children
      .filter((child) => !rule.within.includes(child.name))
      .map((child) => `${child.name} in ${name}`),
    ...children.flatMap(problemsOf),
  ];
}

/** As much of XML as is needed; throws for what is not well-formed. */
function parsed(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open: Element[] = [root];
  let at = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/.exec(xml)?.[0].length ?? -1;
  const token = /<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/y;
  while (at < xml.length) {
    token.lastIndex = at;
    const match = token.exec(xml);
    if (match === null) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 40)}`);
    at = token.lastIndex;
    const [, end, name = '', attributes = '', empty, text] = match;
    const top = open.at(-1) as Element;
    if (text !== undefined) top.text += unescaped(text);
    else if (end === '/') {
      if (open.pop()?.name !== name) throw new Error(`${name} ends, and was not open`);
    } else {
      const pairs = [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)];
      const element: Element = {
        name,
        attributes: Object.fromEntries(pairs.map(([, key, value = '']) => [key, unescaped(value)])),
        children: [],
        text: '',
      };
      top.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (open.length !== 1) throw new Error(`${open.at(-1)?.name} never ends`);
  return root.children[0] as Element;
}

function unescaped(text: string): string {
  // oxlint-disable-next-line eslint/no-control-regex -- XML has no place for them
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text))
    throw new Error('a character that XML has no place for');
  if (/&(?!(?:amp|lt|gt|quot|#10);)/.test(text)) throw new Error(`an & that is none in ${text}`);
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#10;', '\n')
    .replaceAll('&amp;', '&');
}
