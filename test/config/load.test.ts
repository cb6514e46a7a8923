import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import { Message } from '../../src/core/message.ts';
import { defineEndpoint } from '../../src/core/plugin.ts';
import { defaultServerLimits } from '../../src/options/server-limits.ts';
import { type Asked, brief, errorOf, fakeRegistry, load, loadInput } from './fakes.ts';

const sockets = `
plugins:
  - { name: one, id: endpoint-socket, path: /one }
  - { name: two, id: endpoint-socket, path: /two }
  - { name: radio, id: endpoint-radio }
  - { name: queue, id: endpoint-queue, url: x }
`;
const limits = defaultServerLimits;
const leg = { overflow: 'pause', buffer: { messages: 1024, bytes: 16_777_216 } };

describe('loadConfiguration', () => {
  it('reads the sample of 2012 unchanged', async () => {
    const mock = defineEndpoint({
      kind: 'endpoint',
      id: 'endpoint-mock',
      summary: 'A channel in memory.',
      options: z.strictObject({ channel: z.string() }),
      capabilities: ({ channel }) => ({
        source: {
          canPause: true,
          acks: false,
          redelivers: false,
          ordered: 'all',
          scope: 'local',
          carries: 'values',
        },
        sink: { confirms: 'handed', reaches: 'system', carries: 'values' },
        writesTo: [channel],
        readsFrom: [channel],
      }),
      create: () => {
        throw new Error('config makes nothing');
      },
    });
    const fakes = fakeRegistry();
    const registry = {
      ...fakes,
      findPlugin: async (id: string) =>
        id === 'endpoint-mock'
          ? (mock as any)
          : fakes.findPlugin(id === 'marshal-json' ? 'marshal-a' : id, ''),
    };
    const file = join(import.meta.dirname, 'araldo-2012.yaml');
    const { plan, warnings } = await loadInput({ file }, { registry });

    const endpoint = (name: string, channel: string) => ({
      name,
      id: 'endpoint-mock',
      options: { channel },
      marshal: 'none',
      maxInFlight: 1024,
      maxDeliveries: 5,
    });
    expect(warnings).toEqual([]);
    expect(plan).toEqual({
      server: { host: '127.0.0.1', port: 54_321, hosts: [], limits },
      logLevel: 'debug',
      marshallers: { 'marshal-json': { name: 'marshal-json', id: 'marshal-json', options: {} } },
      endpoints: {
        mock_1: endpoint('mock_1', 'channel_1'),
        redis_2: endpoint('redis_2', 'channel_2'),
        redis_3: endpoint('redis_3', 'channel_3'),
      },
      routes: {
        mock_1: {
          name: 'mock_1',
          from: ['mock_1'],
          via: [],
          to: [
            { to: 'redis_2', ...leg },
            { to: 'redis_3', ...leg },
          ],
          onError: 'discard',
        },
      },
      tests: [],
    });
  });

  it.each(['', '# nothing', 'plugins:\nroutes:\n', '{}'])(
    'reads %j as a server without routes',
    async (text) => {
      const { plan } = await load(text);
      expect(plan).toEqual({
        server: { host: '127.0.0.1', port: 8080, hosts: [], limits },
        logLevel: 'info',
        marshallers: {},
        endpoints: {},
        routes: {},
        tests: [],
      });
    },
  );

  it.each([
    ['a list', 'one: [two]'],
    ['a name', 'one: two'],
    ['a map with a list', 'one: { to: [two] }'],
    ['a map with a name', 'one: { to: two }'],
    ['legs', 'one: { to: [{ to: two }] }'],
    ['one leg', 'one: { to: { to: two } }'],
    ['a stated source', 'one: { from: one, to: [two] }'],
    ['a list of sources', 'one: { from: [one], to: [two] }'],
    ['the long overflow', 'one: { to: [{ to: two, overflow: { policy: pause, buffer: 1024 } }] }'],
    ['both bounds', 'one: { to: two, buffer: { messages: 1024, bytes: 16MiB } }'],
    ['bytes alone', 'one: { to: [{ to: two, buffer: 16MiB }] }'],
    ['no steps', 'one: { to: two, via: [] }'],
  ])('reads a route written as %s', async (_, route) => {
    const { plan } = await load(`${sockets}routes: { ${route} }`);
    expect(plan.routes['one']).toEqual({
      name: 'one',
      from: ['one'],
      via: [],
      to: [{ to: 'two', ...leg }],
      onError: 'discard',
    });
  });

  it('lets several routes read one endpoint, and one route several', async () => {
    const { plan } = await load(
      `${sockets}routes: { one: [two], again: { from: one, to: [two] }, all: { from: [one, radio], to: [two] } }`,
    );
    expect(Object.values(plan.routes).map(({ name, from }) => [name, from])).toEqual([
      ['again', ['one']],
      ['all', ['one', 'radio']],
      ['one', ['one']],
    ]);
  });

  it('takes what a leg says before what its route says, and that before the defaults', async () => {
    const { plan } = await load(`${sockets}
defaults: { overflow: drop-newest, buffer: 7, max-in-flight: 9, max-deliveries: 2 }
routes:
  one:
    overflow: latest
    key: payload.id
    buffer: { messages: 10, bytes: 1KiB }
    to: [two, { to: two, overflow: drop-oldest, buffer: 5 }, { to: two, overflow: { policy: latest, key: payload.b } }]
  two: [one]`);
    expect(plan.routes['one']?.to).toEqual([
      { to: 'two', overflow: 'latest', buffer: { messages: 10, bytes: 1024 }, key: 'payload.id' },
      { to: 'two', overflow: 'drop-oldest', buffer: { messages: 5, bytes: 1024 } },
      { to: 'two', overflow: 'latest', buffer: { messages: 10, bytes: 1024 }, key: 'payload.b' },
    ]);
    expect(plan.routes['two']?.to[0]).toEqual({
      to: 'one',
      overflow: 'drop-newest',
      buffer: { messages: 7, bytes: 16_777_216 },
    });
    expect(plan.endpoints['one']).toMatchObject({ maxInFlight: 9, maxDeliveries: 2 });
  });

  it('puts the steps of chains in their place, and parses their options', async () => {
    const { plan, routes } = await load(`${sockets}
operators:
  both: [clean, { tag: { with: x } }]
  clean: [pass, { filter: payload.a }]
routes:
  one:
    via: [both, count, { count: }, { use: ./own.ts, with: { tenant: acme } }, { use: clean }]
    to: [two]`);
    expect(plan.routes['one']?.via).toEqual([
      { use: 'pass', with: null },
      { use: 'filter', with: 'payload.a' },
      { use: 'tag', with: { with: 'x' } },
      { use: 'count', with: null },
      { use: 'count', with: null },
      { use: './own.ts', with: { tenant: 'acme' } },
      { use: 'pass', with: null },
      { use: 'filter', with: 'payload.a' },
    ]);
    const steps = routes.get('one')?.steps ?? [];
    expect(steps[2]?.options).toEqual({ with: 'x', times: 1 });
    expect(steps[3]?.options).toEqual({});
    expect(steps.map(({ definition }) => definition.name)[5]).toBe('own');
  });

  it('compiles conditions: that of a route and that of a leg must both hold', async () => {
    const { plan, routes } = await load(`${sockets}
routes:
  one:
    when: payload.a == 1 // first
    to: [{ to: two, when: payload.b == 2 }, two]`);
    const [guarded, open] = routes.get('one')?.branches ?? [];
    const answers = [{ a: 1, b: 2 }, { a: 1, b: 3 }, { a: 2, b: 2 }, {}].map((payload) => {
      const message = Message.of(payload);
      return [guarded?.when?.(message), open?.when?.(message)];
    });
    expect(answers).toEqual([
      [true, true],
      [false, true],
      [false, false],
      [false, false],
    ]);
    expect(plan.routes['one']?.to[1]?.when).toBe('payload.a == 1 // first');
  });

  it('compiles keys: messages without one share one', async () => {
    const { routes } = await load(
      `${sockets}routes: { one: { to: [{ to: two, overflow: latest, key: payload.id }] } }`,
    );
    const key = routes.get('one')?.branches[0]?.key;
    expect([key?.(Message.of({ id: 7 })), key?.(Message.of({})), key?.(Message.of('text'))]).toEqual([
      7,
      undefined,
      undefined,
    ]);
  });

  it('gives every part its place', async () => {
    const { endpoints, routes } = await load(`${sockets}routes:\n  one:\n    via: [pass]\n    to: [two]`);
    expect(endpoints.get('two')?.place).toEqual({
      file: 'araldo.yaml',
      line: 4,
      column: 5,
      path: 'plugins[1]',
    });
    expect(routes.get('one')?.place).toEqual({ file: 'araldo.yaml', line: 8, column: 3, path: 'routes.one' });
    expect(routes.get('one')?.steps[0]?.place).toMatchObject({
      line: 9,
      column: 11,
      path: 'routes.one.via[0]',
    });
    expect(routes.get('one')?.branches[0]?.place).toMatchObject({ line: 10, path: 'routes.one.to[0]' });
  });

  it('reads the same from an object, with paths for places', async () => {
    const value = { plugins: [{ name: 'one', id: 'endpoint-socket' }], routes: { one: ['one'] } };
    const fromObject = await loadInput({ value });
    expect(fromObject.plan).toEqual((await load(JSON.stringify(value))).plan);
    expect(fromObject.routes.get('one')?.place).toEqual({ path: 'routes.one' });
    const { problems } = await errorOf(loadInput({ value: { ...value, routes: { one: ['oen'] } } }));
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'unknown-name',
        place: { path: 'routes.one[0]' },
        suggestion: 'did you mean one?',
      }),
    ]);
    expect(problems[0]).not.toHaveProperty('frame');
  });

  it('looks for a plugin only when it is declared, and once', async () => {
    const asked: Asked = { plugins: [], operators: [] };
    await load(sockets, { registry: fakeRegistry(asked) });
    expect(asked).toEqual({
      plugins: ['endpoint-socket', 'endpoint-radio', 'endpoint-queue'],
      operators: [],
    });
  });

  it('finds paths from the folder of the file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'araldo-config-'));
    const directories: string[] = [];
    const registry = {
      ...fakeRegistry(),
      findPlugin: async (_id: string, directory: string) => {
        directories.push(directory);
        return undefined;
      },
    };
    writeFileSync(join(folder, 'a.yaml'), 'plugins: [{ name: a, id: ./a.ts }]');
    const error = await errorOf(loadInput({ file: join(folder, 'a.yaml') }, { registry }));
    rmSync(folder, { recursive: true });
    expect(directories).toEqual([folder]);
    expect(error.problems.map(({ code }) => code)).toEqual(['unknown-plugin']);
  });

  it('rejects with all problems at once, in the order of the file', async () => {
    const error = await errorOf(load('server-port: -1\nroutes: { a: [b] }\nplugins: 5\nlog-level: lod'));
    expect(error).toBeInstanceOf(AraldoError);
    expect(error.problems.map(brief)).toEqual([
      'invalid-value server-port 1:14',
      'unknown-name routes.a 2:11',
      'unknown-name routes.a[0] 2:15',
      'invalid-value plugins 3:10',
      'invalid-value log-level 4:12',
    ]);
    expect(error.code).toBe('invalid-value');
    expect(error.message.split('\n')[0]).toBe(
      'server-port: expected an integer from 0 to 65535, found -1 (araldo.yaml:1:14)',
    );
  });

  it.each([
    ['is not there', 'none.yaml', 'config-unreadable', undefined],
    ['is a folder', '.', 'config-unreadable', undefined],
    ['is not UTF-8', 'bytes.yaml', 'yaml-invalid', 2],
    ['is larger than 1 MiB', 'large.yaml', 'yaml-limit', 1],
  ])('refuses a file that %s', async (_, name, code, line) => {
    const folder = mkdtempSync(join(tmpdir(), 'araldo-config-'));
    writeFileSync(join(folder, 'bytes.yaml'), Buffer.from([0x61, 0x3a, 0x0a, 0xff]));
    writeFileSync(join(folder, 'large.yaml'), `x: ${'é'.repeat(600_000)}`);
    const { problems } = await errorOf(loadInput({ file: join(folder, name) }));
    rmSync(folder, { recursive: true });
    expect(problems.map(({ code, place }) => [code, place.line])).toEqual([[code, line]]);
  });
});
