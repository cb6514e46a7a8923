import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { displayWidth } from '../../../src/config/columns.ts';
import { type Flags, type Outcome, runTest } from './run-test.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-test-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => rm(join(folder, 'araldo-regressions'), { recursive: true, force: true }));

const relay = `
plugins:
  - { name: json, id: marshal-json }
  - { name: orders, id: endpoint-websocket, path: /orders }
  - { name: archive, id: endpoint-mock }
  - { name: dead, id: endpoint-mock }
routes:
  orders:
    via: [{ filter: payload.total > 100 }]
    to: [archive]
    on-error: { dead-letter: dead }
`;

async function run(tests: string, flags: Flags = {}, base = relay): Promise<Outcome> {
  const file = join(folder, 'araldo.yaml');
  await writeFile(file, `${base}${tests}`);
  return runTest(file, flags);
}

/** One test, whose only stage has these. */
const testOf = (given: string, expected: string): string =>
  `tests:\n  - { name: it, given: ${given}, expect: ${expected} }\n`;

const order = '{ from: orders, payload: { id: 1, total: 150 } }';

/** A step that gives each two messages in the wrong order. */
const swap = `
export default {
  kind: 'fn',
  name: 'swap',
  summary: 'Gives the second of two first.',
  options: { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } },
  create() {
    let kept;
    return ({ payload }) => {
      if (kept === undefined) {
        kept = payload;
        return null;
      }
      const pair = [payload, kept];
      kept = undefined;
      return pair;
    };
  },
};
`;

describe('a test passes', () => {
  it.each([
    ['the payload is equal', order, '{ archive: [{ payload: { total: 150, id: 1 } }] }'],
    ['the payload has what is asked', order, '{ archive: [{ like: { id: 1 } }] }'],
    ['the condition is true', order, '{ archive: [{ when: payload.total > 149 }] }'],
    ['as many come', `[${order}, ${order}]`, '{ archive: 2 }'],
    [
      'the same comes so often',
      '{ from: orders, payload: { total: 101 }, times: 3 }',
      '{ archive: [{ payload: { total: 101 }, times: 3 }] }',
    ],
    ['nothing comes', '{ from: orders, payload: { total: 1 } }', '{ archive: none, dead: none }'],
    ['the fates are as counted', order, '{ orders: { acked: 1, open: 0 } }'],
    [
      'the dead letter has failed of that',
      '{ from: orders, text: "{" }',
      '{ dead: [{ payload: "{", error: malformed-payload }] }',
    ],
    [
      'a sink refuses the next',
      `[{ refuse: archive }, ${order}, ${order}]`,
      '{ archive: 1, dead: [{ error: sink-rejected }] }',
    ],
    [
      'a sink refuses what the condition says',
      `[{ refuse: archive, when: payload.id == 1 }, ${order}, ${order}]`,
      '{ archive: none, dead: 2 }',
    ],
    ['a sink is slow', `[{ slow: archive, by: 3s }, ${order}, { wait: 2s }]`, '{ orders: { open: 1 } }'],
    [
      'a sink is down',
      `[{ down: archive }, ${order}, { wait: 1m }]`,
      '{ archive: none, orders: { open: 1 } }',
    ],
    [
      'a sink was down',
      `[{ down: archive }, ${order}, { wait: 1m }, { up: archive }, { wait: 5s }]`,
      '{ archive: 1, orders: { acked: 1 } }',
    ],
    [
      'a source is held',
      `[{ hold: orders }, ${order}, { wait: 1m }]`,
      '{ archive: none, orders: { open: 1 } }',
    ],
    [
      'a source was held',
      `[{ hold: orders }, ${order}, { wait: 1m }, { release: orders }]`,
      '{ archive: 1 }',
    ],
    [
      'the relay was killed',
      `[{ stall: archive }, ${order}, restart, { resume: archive }]`,
      '{ archive: none, orders: { lost: 1 } }',
    ],
  ])('when %s', async (_when, given, expected) => {
    const { code, out } = await run(testOf(given, expected));
    expect(out).toMatch(/✔ it\n\n1 test passed\n$/);
    expect(code).toBe(0);
  });

  it('when a step throws at a message, or at the next', async () => {
    await writeFile(join(folder, 'swap.js'), swap);
    const base = relay.replace('{ filter: payload.total > 100 }', './swap.js');
    const thrown = '{ from: orders, payload: 1, throws-in: "orders.via[0]" }';
    const { out } = await run(testOf(thrown, '{ archive: none, dead: [{ error: step-failed }] }'), {}, base);
    expect(out).toContain('1 test passed');
    const next = `[{ throw: "orders.via[0]" }, ${order}, ${order}]`;
    expect((await run(testOf(next, '{ dead: 1 }'), {}, base)).code).toBe(0);
    await expect(run(testOf(thrown, '{ dead: 1 }'))).rejects.toThrow(
      'expected a step of the kind fn or async; filter is rx, found "orders.via[0]"',
    );
  });

  it('when messages come in any order that is allowed', async () => {
    const both = `[${order}, { from: orders, payload: { id: 2, total: 150 } }]`;
    const turned = '[{ like: { id: 2 } }, { like: { id: 1 } }]';
    expect((await run(testOf(both, `{ archive: { receives: ${turned}, in-any-order: true } }`))).code).toBe(
      0,
    );
    const { out } = await run(testOf(both, `{ archive: ${turned} }`));
    expect(out).toContain('archive received the expected messages in another order');
  });

  it('when the bytes that travel, the key and the meta are those', async () => {
    const base = `
plugins:
  - { name: json, id: marshal-json }
  - { name: orders, id: endpoint-redis, subscribe: [orders] }
  - { name: archive, id: endpoint-redis, publish: archive }
routes: { orders: archive }
`;
    const given = '{ from: orders, payload: { id: 1 }, key: a, meta: { headers: { h: x } } }';
    const expected = `{ archive: [{ text: '{"id":1}', key: a, headers: { h: x } }] }`;
    expect((await run(testOf(given, expected), {}, base)).out).toContain('1 test passed');
    const other = await run(
      testOf(given, '{ archive: [{ text: "{}", key: b, headers: { h: y } }] }'),
      {},
      base,
    );
    expect(other.out).toContain(`    - { text: '{}', key: b, headers: { h: y } }\n`);
    expect(other.out).toContain(`    + { text: '{"id":1}', key: a, headers: { h: x } }\n`);
    expect(other.out).toContain('text: expected these bytes, found others');
    expect(other.out).toContain('meta.key: expected b, found a');
  });

  it('stage by stage, each with its own messages and time', async () => {
    const base = relay
      .replace('to: [archive]', 'to: [archive]')
      .replace('{ filter: payload.total > 100 }', '{ delay: 5s }');
    const { code, out } = await run(
      `
tests:
  - name: it
    given: [${order}, { wait: 4s }]
    expect: { archive: none }
    then:
      - expect: { archive: [{ like: { id: 1 }, at: 1s }] }
      - given: ${order}
        expect: { archive: [{ at: 4s..6s }], orders: { acked: 2 } }
`,
      {},
      base,
    );
    expect(out).toContain('1 test passed');
    expect(code).toBe(0);
  });
});

describe('a test that fails', () => {
  it('says what was expected and what came, where they differ, and what happened', async () => {
    const { code, out } = await run(
      testOf(
        `[${order}, { from: orders, payload: { id: 2, total: 1 } }]`,
        '{ archive: [{ payload: { id: 1, total: 151 } }, { payload: 2 }] }',
      ),
    );
    expect(code).toBe(1);
    expect(out.slice(out.indexOf('\n✖')).replaceAll(`${folder}/`, '')).toBe(`
✖ it
  araldo.yaml:13:5

  archive received 1 message, expected 2 (line 13)
    - expected   + received
    - { payload: { id: 1, total: 151 } }
    + { payload: { id: 1, total: 150 } }
        payload.total: expected 151, found 150
    - { payload: 2 }

  What happened
    0s  orders                is sent orders#1 {"id":1,"total":150}
    0s  orders.via[0] filter  gives orders#1 {"id":1,"total":150}
    0s  archive               receives orders#1 {"id":1,"total":150}
    0s  orders                acks orders#1
    0s  orders                is sent orders#2 {"id":2,"total":1}
    0s  orders.via[0] filter  drops orders#2: filtered
    0s  orders                acks orders#2

1 of 1 test failed
`);
  });

  it.each([
    ['nothing came', '[]', '{ archive: 1 }', 'archive received no message, expected 1 (line 13)'],
    ['something came', order, '{ archive: none }', 'archive received 1 message, expected none (line 13)'],
    ['it came at another time', order, '{ archive: [{ at: 1s }] }', 'at: expected 1s, found 0s'],
    [
      'it is no dead letter',
      order,
      '{ archive: [{ error: step-failed }] }',
      'error: expected step-failed, found none: it is no dead letter',
    ],
    [
      'the condition is false',
      order,
      '{ archive: [{ when: payload.id > 1 }] }',
      'when: payload.id > 1 is not true of it',
    ],
    [
      'fates differ',
      order,
      '{ orders: { open: 1 } }',
      'of what came from orders, expected 1 open; found 1 acked (line 13)',
    ],
    [
      'nothing was sent',
      '[]',
      '{ orders: { acked: 1 } }',
      'of what came from orders, expected 1 acked; nothing came from it',
    ],
    [
      'it is open, and where',
      `[{ stall: archive }, ${order}]`,
      '{ orders: { acked: 1 } }',
      'orders#1 { id: 1, total: 150 } is open: orders → archive',
    ],
  ])('says that %s', async (_what, given, expected, line) => {
    const { code, out } = await run(testOf(given, expected));
    expect(out).toContain(`  ${line}`);
    expect(code).toBe(1);
  });

  it('says in which stage, and plays no further', async () => {
    const { out } = await run(`
tests:
  - name: it
    expect: { archive: none }
    then:
      - expect: { archive: 1 }
      - expect: { archive: 2 }
`);
    expect(out).toContain('  in stage 2 of 3\n');
    expect(out).toContain('expected 1 (line');
    expect(out).not.toContain('expected 2');
  });

  it('says what could not be done, and where that stands', async () => {
    const base = relay.replace('id: marshal-json', 'id: marshal-text');
    const { out } = await run(testOf(order, '{ archive: 1 }'), {}, base);
    expect(out).toMatch(/this could not be done: .*unmarshallable-payload.*line 13/s);
  });

  it('keeps within the terminal, whatever is long or wide', async () => {
    const wide = `{ from: orders, payload: { total: 101, text: "${'名前 '.repeat(40)}", more: [1, 2, 3] } }`;
    const tests = testOf(
      `[${wide}, ${order}]`,
      `{ archive: [{ payload: { total: 1, ${'k'.repeat(15)}: "${'x '.repeat(50)}" } }] }`,
    );
    for (const columns of [40, 60, 80, 120]) {
      const { out } = await run(tests, { columns });
      const widest = out
        .split('\n')
        .filter((line) => !line.includes('araldo.yaml') && !line.includes('text: '));
      expect(Math.max(...widest.map(displayWidth))).toBeLessThanOrEqual(columns);
    }
  });

  it('is the same in colours on a terminal', async () => {
    const tests = testOf(order, '{ archive: [{ payload: 1 }] }');
    const plain = await run(tests);
    const colored = await run(tests, { hasColor: true });
    expect(colored.out).toContain('\u001b[32m    - { payload: 1 }\u001b[0m');
    expect(stripVTControlCharacters(colored.out)).toBe(plain.out);
  });

  it('tells no secret', async () => {
    const base = relay.replace(
      'routes:',
      '  - { name: far, id: endpoint-redis, channel: far, url: "${URL_OF}" }\nroutes:',
    );
    process.env['URL_OF'] = 'redis://user:hunter22@far.example';
    try {
      const given = '{ from: orders, payload: { total: 101, at: "${URL_OF}" } }';
      for (const format of ['text', 'json', 'junit'] as const) {
        const { out } = await run(testOf(given, '{ archive: none }'), { format }, base);
        expect(out).not.toContain('hunter22');
        expect(out).toContain('[redacted]');
      }
    } finally {
      delete process.env['URL_OF'];
    }
  });
});

describe('the names on the command line', () => {
  const three = `tests:
  - { name: Large orders, given: ${order}, expect: { archive: 1 } }
  - { name: small orders, expect: { archive: none } }
  - { name: malformed, expect: { dead: none } }
`;

  it('choose the tests that have one of them in their names', async () => {
    expect((await run(three, { names: ['orders'] })).out).toContain('2 tests passed');
    expect((await run(three, { names: ['large', 'malformed'] })).out).toContain('2 tests passed');
  });

  it('are refused when nothing has them, with what there is', async () => {
    const { code, out, err } = await run(three, { names: ['malfromed'] });
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(
      'araldo test: nothing has "malfromed" in its name; did you mean malformed?\nthere are: Large orders; small orders; malformed\n',
    );
  });
});

it('a configuration without tests is shown how one looks, with its own endpoints', async () => {
  const { code, out } = await run('');
  expect(code).toBe(0);
  const [, example = ''] = /(tests:\n(?:.+\n)+)/.exec(out) ?? [];
  expect(example).toContain('from: orders');
  const { out: again } = await run(example.replaceAll('hello', '{ total: 101 }'));
  expect(again).toContain('1 test passed');
});

describe('the laws', () => {
  it('hold for routes in order, and what does not apply says why', async () => {
    const { code, out } = await run('', { properties: true, seed: 1, runs: 10 });
    expect(out).toContain('Laws, 10 random cases each (seed 1)\n  ✔ conservation: what came in is');
    expect(out).toContain('– crash does not apply: no source delivers again what was not settled');
    expect(out).toMatch(/\n1\d laws held\n$/);
    expect(code).toBe(0);
    expect(out.split('\n').every((line) => displayWidth(line) <= 80)).toBe(true);
  });

  it('that do not hold are told once with the smallest case, kept, and played first from then on', async () => {
    await writeFile(join(folder, 'swap.js'), swap);
    const base = relay.replace('{ filter: payload.total > 100 }', './swap.js');
    const flags = { properties: true, seed: 5, names: ['order'] };
    const found = await run('', flags, base);
    expect(found.code).toBe(1);
    expect(found.out).toContain('but orders.via[0] ./swap.js gives orders#1 after orders#2\n');
    expect(found.out).toMatch(
      /To see it found again:\n {4}araldo test -c .* --properties --seed 5 --path \d+\n/,
    );
    const [file = ''] = await readdir(join(folder, 'araldo-regressions'));
    const text = await readFile(join(folder, 'araldo-regressions', file), 'utf8');
    expect(text).toContain('laws:\n  - order\ngiven:\n  - { from: orders,');
    expect(text.match(/from: orders/g)).toHaveLength(2);

    const again = await run('', {}, base);
    expect(again.code).toBe(1);
    expect(again.out).toContain(`✖ ${join(folder, 'araldo-regressions', file)}\n`);
    expect(again.out).toContain('but orders.via[0] ./swap.js gives orders#1 after orders#2');
    const tried = await run('', flags, base);
    expect(tried.out).toContain('– order is not tried again: a failure of an earlier run breaks it');
    expect(await readdir(join(folder, 'araldo-regressions'))).toHaveLength(1);

    const mended = await run('', {}, relay);
    expect(mended.out).toContain('1 earlier failure stayed away\n');
    expect(mended.code).toBe(0);
  });

  it('repeat a case by seed and path', async () => {
    await writeFile(join(folder, 'swap.js'), swap);
    const base = relay.replace('{ filter: payload.total > 100 }', './swap.js');
    const first = await run('', { properties: true, seed: 5, names: ['order'] }, base);
    const path = /--path (\d+)/.exec(first.out)?.[1] ?? '';
    await rm(join(folder, 'araldo-regressions'), { recursive: true });
    const second = await run('', { properties: true, seed: 5, path, names: ['order'] }, base);
    const caseOf = ({ out }: Outcome) => out.slice(out.indexOf('The smallest case'), out.indexOf('Kept in'));
    expect(caseOf(second)).toBe(caseOf(first));
  });

  it('say what of a kept file cannot be played, with its place', async () => {
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(folder, 'araldo-regressions'), { recursive: true });
    await writeFile(
      join(folder, 'araldo-regressions', 'old.yaml'),
      'laws: [ordr]\ngiven:\n  - { from: gone, payload: 1 }\n  - { refuse: archive, when: payload.a }\n',
    );
    await expect(run('')).rejects.toThrow(
      /laws\[0\]: expected the name of a law, found "ordr".*old.yaml:1:8.*no endpoint has this name.*old.yaml:3:13.*found when: a law tries no conditions.*old.yaml:4:5/s,
    );
  });
});
