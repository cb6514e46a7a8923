// The examples, by the commands that their READMEs name: with araldo installed as it is published, and in the checkout.

import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../servers/free-port.ts';
import { connect } from '../system/support/peer.ts';
import { until } from '../system/support/server.ts';
import { install, root } from './installed.ts';
import { readmeOf, run } from './readme.ts';

let home = '';
beforeAll(async () => {
  home = await install();
});
afterAll(() => rm(home, { recursive: true }));

describe('examples/operators-in-code', async () => {
  const { text, commands, printed } = await readmeOf('operators-in-code');
  const inCheckout = /`npx (node --import \S+ main\.ts)`/.exec(text)?.[1] ?? '';

  async function play(main: string, folder: string, top: string): Promise<void> {
    const env = { PORT: String(await freePort()), EVERY_MS: '500' };
    await using program = run(main, folder, env, top);
    await until(`it listens: ${program.out.stderr}`, () => program.out.stdout.includes('listening on'));
    await using visitors = run(commands[1] ?? '', folder, env, top);
    expect(await visitors.code, `${visitors.out.stderr}`).toBe(0);

    const lines = (output: string, name: string) =>
      output.split('\n').filter((line) => line.startsWith(`${name} `));
    expect(lines(visitors.out.stdout, 'alarms')).toEqual(lines(printed[0] ?? '', 'alarms'));
    // The readings may fall into two windows: then a room has two averages.
    const rooms = lines(visitors.out.stdout, 'rooms').map((line) => JSON.parse(line.slice('rooms '.length)));
    expect(new Set(rooms.map(({ room }) => room))).toEqual(new Set(['hall', 'attic']));
    for (const { room, celsius } of rooms) {
      const [least, most] = room === 'hall' ? [20, 31] : [35, 37];
      expect(celsius).toBeGreaterThanOrEqual(least);
      expect(celsius).toBeLessThanOrEqual(most);
    }
    expect(program.out.stderr).toContain(
      "averages: step validate: payload: expected to have required property 'celsius'",
    );

    program.child.kill('SIGTERM');
    expect(await program.code).toBe(0);
  }

  test('gives browsers averages and who is on duty alarms', () =>
    play(commands[0] ?? '', join(home, 'operators-in-code'), home));

  test('does so in a checkout', () => play(inCheckout, join(root, 'examples/operators-in-code'), root));
});

describe('examples/plugin-package', async () => {
  const { text, commands } = await readmeOf('plugin-package');
  const [station = '', server = '', tests = '', laws = ''] = commands;
  const folder = () => join(home, 'plugin-package');

  test('has laws and examples that hold', async () => {
    await using checked = run(laws, folder(), {}, home);
    await using examples = run(tests, folder(), {}, home);
    expect(await checked.code, `${checked.out.stdout}`).toBe(0);
    expect(checked.out.stdout).toMatch(/^ℹ pass [1-9]\d$/m);
    expect(await examples.code).toBe(0);
    expect(examples.out.stdout).toContain('2 tests passed');
  });

  test('has tests that find the line which was taken out', async () => {
    const broken = join(home, 'broken');
    await cp(folder(), broken, { recursive: true });
    const file = join(broken, 'transport.js');
    const whole = await readFile(file, 'utf8');
    const [, line = ''] = /such as\s+`([^`]+)`/.exec(text) ?? [];
    expect(whole.split(`${line};`)).toHaveLength(2);
    await writeFile(file, whole.replace(`${line};`, ';'));
    const test = 'node --test --test-name-pattern=felt test/endpoint-lines.test.js';
    await using checked = run(test, broken, {}, home);
    expect(await checked.code).toBe(1);
    expect(checked.out.stdout).toMatch(/✖ endpoint-lines is felt by the other side when the gate is shut/);
  });

  test('carries lines between a station and browsers, for whoever has installed it', async () => {
    const user = join(home, 'user');
    await mkdir(join(user, 'node_modules'), { recursive: true });
    await cp(folder(), join(user, 'node_modules/araldo-lines'), { recursive: true });
    await cp(join(folder(), 'araldo.yaml'), join(user, 'araldo.yaml'));
    await writeFile(join(user, 'package.json'), '{ "dependencies": { "araldo-lines": "^1.0.0" } }');

    const [port, stationPort] = [await freePort(), await freePort()];
    await using weather = run(station, folder(), { STATION_PORT: String(stationPort) }, home);
    await until('the station listens', () => weather.out.stdout.includes('a station at'));
    const env = { PORT: String(port), STATION: `tcp://127.0.0.1:${stationPort}` };
    await using araldo = run(server, user, env, home);
    await until(`it is ready: ${araldo.out.stderr}`, () => araldo.out.stderr.includes('station is open'));

    using browser = await connect(port, '/station');
    browser.send('{"set":"hall","celsius":23}');
    await until('the station is told', () => weather.out.stdout.includes('set=hall&celsius=23\n'));
    expect((await browser.has(2)).map(String)).toEqual([
      expect.stringMatching(/^\{"room":"hall","celsius":"\d\d\.\d"\}$/),
      '{"room":"attic","celsius":"30"}',
    ]);
  });

  test('can be tried in a checkout', async () => {
    const [, yaml = ''] = /`npm start -- (-c \S+)`/.exec(text) ?? [];
    await using check = run(`node src/cli.ts ${yaml} check`, root);
    expect(await check.code, `${check.out.stderr}`).toBe(0);
    const [, inCheckout = ''] = /`npx (node --import [^`]+)`/.exec(text) ?? [];
    const place = join(root, 'examples/plugin-package');
    await using some = run(`${inCheckout} test/marshal-query.test.js`, place);
    expect(await some.code, `${some.out.stdout}`).toBe(0);
    expect(some.out.stdout).toContain('marshal-query reads back what it writes');
  });
});

describe('examples/property-test', async () => {
  const { text, commands, printed } = await readmeOf('property-test');
  const [examples = '', vitest = '', mistaken = ''] = commands;
  const folder = () => join(home, 'property-test');

  test('has tests that pass, in YAML and in vitest', async () => {
    await using inYaml = run(examples, folder(), {}, home);
    await using inVitest = run(vitest, folder(), {}, home);
    expect(await inYaml.code, `${inYaml.out.stdout}`).toBe(0);
    expect(inYaml.out.stdout).toContain('2 tests passed');
    expect(await inVitest.code, `${inVitest.out.stdout}`).toBe(0);
    expect(inVitest.out.stdout).toMatch(/Tests +4 passed/);
  });

  test('shows what is printed of a mistake: the smallest case, and the step that has the message', async () => {
    await using found = run(mistaken, folder(), {}, home);
    expect(await found.code).toBe(1);
    expect(printed[0]).toContain('edits.via[0] ./draft.ts has it');
    expect(found.out.stdout).toContain(printed[0]);
    await using example = run('araldo -c araldo.yaml test', join(folder(), 'mistake'), {}, home);
    await example.code;
    expect(example.out.stdout).toContain('✔ of a burst of edits the last one is shown');
  });

  test('can be tried in a checkout', async () => {
    const [, inCheckout = ''] = /`npx (vitest run --config [^`]+)`/.exec(text) ?? [];
    await using some = run(
      `${inCheckout} -t 'open while its author types'`,
      join(root, 'examples/property-test'),
    );
    expect(await some.code, `${some.out.stdout}`).toBe(0);
    expect(some.out.stdout).toMatch(/Tests +1 passed/);
  });
});
