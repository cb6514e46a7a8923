/** What each mistake is told. */
import { describe, expect, it } from 'vitest';
import { brief, load, type Options, problemsOf } from './fakes.ts';

const declared = `
plugins:
  - { name: json, id: marshal-a }
  - { name: one, id: endpoint-socket, path: /one }
  - { name: two, id: endpoint-socket, path: /two }
  - { name: radio, id: endpoint-radio }
  - { name: queue, id: endpoint-queue, url: x }
  - { name: clock, id: endpoint-clock }
  - { name: printer, id: endpoint-printer }
`;

/** `code path: text | suggestion` of the only problem. */
async function only(text: string, options: Options = {}): Promise<string> {
  const problems = await problemsOf(text, options);
  expect(problems.map(brief)).toHaveLength(1);
  return problems
    .map(
      ({ code, place, text, suggestion }) =>
        `${code} ${place.path}: ${text}${suggestion ? ` | ${suggestion}` : ''}`,
    )
    .join('\n');
}

const plugin = (rest: string): string => `plugins: [{ name: one, id: endpoint-socket, ${rest} }]`;
const route = (rest: string): string => `${declared}routes: { one: { to: [two], ${rest} } }`;
const leg = (rest: string): string => `${declared}routes: { one: [{ to: two, ${rest} }] }`;

describe('problems of values', () => {
  it.each([
    [
      'server-prot: 1',
      'unknown-key server-prot: expected a key of the top level, found "server-prot" | did you mean server-port?',
    ],
    [
      'serverPort: 1',
      'unknown-key serverPort: expected a key of the top level, found "serverPort" | did you mean server-port?',
    ],
    [
      'on-error: hold',
      'unknown-key on-error: expected a key of the top level, found "on-error" | on-error is a key of a route',
    ],
    [
      'zzz: 1',
      'unknown-key zzz: expected a key of the top level (server-host, server-port, server-tls, server-limits, log-level, hosts, defaults, plugins, operators, routes, tests), found "zzz"',
    ],
    ['server-port: "1"', 'invalid-value server-port: expected an integer from 0 to 65535, found "1"'],
    ['server-port: 65536', 'invalid-value server-port: expected an integer from 0 to 65535, found 65536'],
    [
      'server-host: 5',
      'invalid-value server-host: expected a host name or address, found 5 | in quotes it is text',
    ],
    [
      'log-level: warn',
      'invalid-value log-level: expected debug, info, warning, error or fatal, found "warn"',
    ],
    [
      'log-level: Info',
      'invalid-value log-level: expected debug, info, warning, error or fatal, found "Info" | did you mean info?',
    ],
    ['hosts: example.org', 'invalid-value hosts: expected a list of host names, found "example.org"'],
    [
      'defaults: { max-in-flight: 0 }',
      'invalid-value defaults.max-in-flight: expected an integer from 1 to 1048576, found 0',
    ],
    [
      'defaults: { marshal: json }',
      'unknown-name defaults.marshal: no marshaller has this name; none is declared under plugins:',
    ],
    [
      'defaults: { overflow: drop-latest }',
      'invalid-value defaults.overflow: expected pause, drop-oldest, drop-newest, latest, sample, error or spill, found "drop-latest" | did you mean drop-oldest?',
    ],
    [
      'defaults: { buffer: 0 }',
      'invalid-value defaults.buffer: expected an integer from 1 to 16777216, found 0',
    ],
    [
      'defaults: { buffer: 10XB }',
      'invalid-value defaults.buffer: expected messages (1024), bytes (16MiB) or {messages, bytes}, found "10XB"',
    ],
    ['defaults: { buffer: 0B }', 'invalid-value defaults.buffer: expected a size of at least 1B, found "0B"'],
    [
      'defaults: { buffer: { message: 1 } }',
      'unknown-key defaults.buffer.message: expected a key of buffer, found "message" | did you mean messages?',
    ],
    ['tests: all', 'invalid-value tests: expected a list of tests, found "all"'],
    ['[1]', 'invalid-value : expected a map with plugins: and routes:, found a list'],
  ])('%s', async (text, expected) => {
    expect(await only(text)).toBe(expected);
  });

  it('lets notes stand beside the keys', async () => {
    await load('x-anything: { goes: [here] }');
  });
});

describe('problems of plugins', () => {
  it.each([
    [
      'plugins: [5]',
      'invalid-value plugins[0]: expected a plugin such as {name: browsers, id: endpoint-websocket}, found 5',
    ],
    ['plugins: [{ name: a }]', 'missing-key plugins[0].id: expected the id of a plugin, found nothing'],
    ['plugins: [{ id: endpoint-clock }]', 'missing-key plugins[0].name: expected a name, found nothing'],
    [
      'plugins: [{ name: none, id: endpoint-clock }]',
      'invalid-value plugins[0].name: expected another name: none means no marshaller, found "none"',
    ],
    [
      'plugins: [{ name: a, id: endpoint-sockt }]',
      'unknown-plugin plugins[0].id: no plugin has this id; there are: marshal-a, marshal-b, endpoint-socket, endpoint-queue, endpoint-radio, endpoint-echo, endpoint-clock, endpoint-printer, endpoint-moody | did you mean endpoint-socket?',
    ],
    [
      'plugins: [{ name: a, id: ./a.ts }]',
      'unknown-plugin plugins[0].id: expected the path of a plugin, relative to the configuration, found no file there',
    ],
    ['plugins: [{ name: a, id: ./broken.ts }]', 'plugin-failed plugins[0].id: its file does not parse'],
    ['plugins: [{ name: a, id: endpoint-moody }]', 'plugin-failed plugins[0]: not today'],
    [
      plugin('pth: /a'),
      'unknown-key plugins[0].pth: expected a key that endpoint-socket reads, found "pth" | did you mean path?',
    ],
    [
      plugin('overflow: pause'),
      'unknown-key plugins[0].overflow: expected a key that endpoint-socket reads, found "overflow" | overflow is a key of a route',
    ],
    [plugin('path: a'), 'invalid-value plugins[0].path: expected a path that begins with /'],
    [plugin('path: 5'), 'invalid-value plugins[0].path: expected text, found 5 | in quotes it is text'],
    [
      plugin('frames: txt'),
      'invalid-value plugins[0].frames: expected auto, text or binary, found "txt" | did you mean text?',
    ],
    [
      plugin('max-payload: 1MB!'),
      'invalid-value plugins[0].max-payload: expected a size such as 64KiB, found "1MB!"',
    ],
    [
      plugin('ping: { every: 10 }'),
      'invalid-value plugins[0].ping.every: expected a duration such as 250ms, found 10',
    ],
    [
      plugin('ping: { evry: 10s }'),
      'unknown-key plugins[0].ping.evry: expected a key that endpoint-socket reads, found "evry" | did you mean every?',
    ],
    [
      plugin('origins: []'),
      'invalid-value plugins[0].origins: expected a list of at least 1 entry, found a list',
    ],
    [
      plugin('origins: [a, 5]'),
      'invalid-value plugins[0].origins[1]: expected text, found 5 | in quotes it is text',
    ],
    [plugin('peer: 5'), 'invalid-value plugins[0].peer: expected text or a map, found 5'],
    [plugin('peer: { buffer: x }'), 'invalid-value plugins[0].peer.buffer: expected a number, found "x"'],
    [
      plugin('peer: { bufer: 1 }').replace('bufer: 1', 'buffer: 1, bufer: 1'),
      'unknown-key plugins[0].peer.bufer: expected a key that endpoint-socket reads, found "bufer" | did you mean buffer?',
    ],
    [
      plugin('marshal: jsn').replace('[', '[{ name: json, id: marshal-a }, '),
      'unknown-name plugins[1].marshal: no marshaller has this name; there are: json | did you mean json?',
    ],
    [
      'plugins: [{ name: a, id: endpoint-queue }]',
      'missing-key plugins[0].url: expected text, found nothing',
    ],
    [
      'plugins: [{ name: a, id: endpoint-queue, url: x, tries: 10 }]',
      'invalid-value plugins[0].tries: expected a number of at most 9, found 10',
    ],
    [
      'plugins: [{ name: a, id: endpoint-queue, url: x, tries: 1.5 }]',
      'invalid-value plugins[0].tries: expected an integer, found 1.5',
    ],
    [
      'plugins: [{ name: a, id: endpoint-queue, url: x, max-deliveries: 0 }]',
      'invalid-value plugins[0].max-deliveries: expected an integer from 1 to 1000000, found 0',
    ],
  ])('%s', async (text, expected) => {
    expect(await only(text)).toBe(expected);
  });

  it('wants names that are unique, marshallers and endpoints together', async () => {
    const text = 'plugins:\n  - { name: a, id: marshal-a }\n  - { name: a, id: endpoint-clock }';
    expect(await only(text)).toBe(
      'duplicate-name plugins[1].name: expected a name of its own, found that of line 2',
    );
  });

  it('wants a path of its own for each endpoint, and minds no overlap', async () => {
    const both = (other: string): string =>
      `plugins: [{ name: a, id: endpoint-socket, path: /a }, { name: b, id: endpoint-socket, path: ${other} }]`;
    expect(await only(both('/a'))).toBe(
      'reserved-path plugins[1]: expected a path of its own, found /a, on which a listens',
    );
    await load(both('/:any'));
    expect(await only(both('/livez'))).toBe(
      "reserved-path plugins[1]: expected a path that is not the server's own, such as /ws, found /livez",
    );
  });

  it('says nothing more about a name whose plugin has a problem', async () => {
    expect(await only('plugins: [{ name: a, id: nope-nope-nope }]\nroutes: { a: [a] }')).toMatch(
      /^unknown-plugin/,
    );
    expect(await only(`${plugin('path: 5')}\nroutes: { one: { to: one, overflow: pause } }`)).toMatch(
      /^invalid-value/,
    );
  });
});

describe('problems of routes', () => {
  it.each([
    [
      `${declared}routes: { oen: [two] }`,
      'unknown-name routes.oen: no endpoint has this name; there are: one, two, radio, queue, clock, printer; a route of another name says from: what it reads | did you mean one?',
    ],
    [
      `${declared}routes: { one: [tow] }`,
      'unknown-name routes.one[0]: no endpoint has this name; there are: one, two, radio, queue, clock, printer | did you mean two?',
    ],
    [
      `${declared}routes: { one: [json] }`,
      'wrong-role routes.one[0]: expected the name of an endpoint, found that of a marshaller',
    ],
    [
      `${declared}routes: { one: [clock] }`,
      'wrong-role routes.one[0]: expected an endpoint that can be sent to; endpoint-clock cannot be a sink',
    ],
    [
      `${declared}routes: { printer: [one] }`,
      'wrong-role routes.printer: expected an endpoint that can be read from; endpoint-printer cannot be a source',
    ],
    [
      `${declared}routes: { r: { from: printer, to: [one] } }`,
      'wrong-role routes.r.from: expected an endpoint that can be read from; endpoint-printer cannot be a source',
    ],
    [
      `${declared}routes: { r: { from: [one, one], to: [one] } }`,
      'duplicate-name routes.r.from[1]: expected each source once, found "one" again',
    ],
    [`${declared}routes: { one: [] }`, 'invalid-value routes.one: expected at least one sink, found a list'],
    [
      `${declared}routes: { one: 5 }`,
      'invalid-value routes.one: expected a list of sinks, or a map with to:, found 5',
    ],
    [
      `${declared}routes: { one: { via: [] } }`,
      'missing-key routes.one.to: expected a list of sinks, found nothing',
    ],
    [
      `${declared}routes: { one: [{ when: "true" }] }`,
      'missing-key routes.one[0].to: expected the name of a sink, found nothing',
    ],
    [
      route('too: 1'),
      'unknown-key routes.one.too: expected a key of a route, found "too" | did you mean to?',
    ],
    [
      route('isolate: true'),
      'unkeepable-policy routes.one.isolate: expected a source that can have a consumer for each sink; one (endpoint-socket) cannot: its messages come to one consumer alone. Give the slow leg overflow: spill or drop-oldest instead',
    ],
    [
      route('on-error: hld'),
      'invalid-value routes.one.on-error: expected discard, nack, hold or {dead-letter: <endpoint>}, found "hld" | did you mean hold?',
    ],
    [
      route('on-error: { dead-letter: clock }'),
      'wrong-role routes.one.on-error.dead-letter: expected an endpoint that can be sent to; endpoint-clock cannot be a sink',
    ],
    [
      route('on-error: {}'),
      'missing-key routes.one.on-error.dead-letter: expected the name of an endpoint, found nothing',
    ],
    [route('when: "payload >"'), expect.stringMatching(/^invalid-expression routes\.one\.when: /)],
    [route('when: 1 + 1'), expect.stringMatching(/^invalid-expression routes\.one\.when: /)],
    [
      route('when: [1]'),
      'invalid-value routes.one.when: expected a condition such as payload.total > 100, found a list',
    ],
    [leg('key: "payload["'), expect.stringMatching(/^invalid-expression routes\.one\[0\]\.key: /)],
    [
      leg('wen: "true"'),
      'unknown-key routes.one[0].wen: expected a key of a leg, found "wen" | did you mean when?',
    ],
    [
      leg('overflow: disconnect'),
      'invalid-value routes.one[0].overflow: expected pause, drop-oldest, drop-newest, latest, sample, error or spill, found disconnect: it is what one peer meets that is too slow, and stands with the endpoint (peer: { overflow: disconnect }); a leg has no peer to disconnect, so for one write drop-oldest',
    ],
    [
      leg('overflow: { buffer: 1 }'),
      'missing-key routes.one[0].overflow.policy: expected a policy (pause, drop-oldest, drop-newest, latest, sample, error or spill), found nothing',
    ],
    [
      leg('overflow: { policy: pause, buffer: 1 }, buffer: 2'),
      'invalid-value routes.one[0].buffer: expected buffer once, found it here and within overflow',
    ],
  ])('%s', async (text, expected) => {
    expect(await only(text)).toEqual(expected);
  });
});

describe('problems of steps', () => {
  it.each([
    [
      'filtr',
      'unknown-name routes.one.via[0]: no operator or chain has this name; there are: filter, tag, count, pass | did you mean filter?',
    ],
    [
      './none.ts',
      'unknown-name routes.one.via[0]: expected the path of a step, relative to the configuration, found no file there',
    ],
    [
      'group',
      'not-available routes.one.via[0]: group is not available in this version; write it as a TypeScript file: use: ./step.ts',
    ],
    [
      '{ reduce: { size: 5 } }',
      expect.stringMatching(/^not-available routes\.one\.via\[0\]\.reduce: reduce/),
    ],
    ['filter', 'missing-key routes.one.via[0]: expected options for filter, found none; write {filter: …}'],
    [
      '{ filter: [1] }',
      'invalid-value routes.one.via[0].filter: expected an expression in CEL, found a list',
    ],
    ['{ filter: "payload >" }', expect.stringMatching(/^invalid-value routes\.one\.via\[0\]\.filter: /)],
    [
      '{ tag: { with: x, tims: 2 } }',
      'unknown-key routes.one.via[0].tag.tims: expected a key that tag reads, found "tims" | did you mean times?',
    ],
    [
      '{ tag: { with: x, times: 0 } }',
      'invalid-value routes.one.via[0].tag.times: expected a positive number, found 0',
    ],
    [
      '{ use: count, wth: {} }',
      'unknown-key routes.one.via[0].wth: expected a key of a step, found "wth" | did you mean with?',
    ],
    [
      '{ use: ./own.ts, with: { tenant: 5 } }',
      'invalid-value routes.one.via[0].with.tenant: expected text, found 5 | in quotes it is text',
    ],
    [
      '{ pass: , count: }',
      'invalid-value routes.one.via[0].count: expected one operator in a step, found another key | a - before count makes it a step of its own',
    ],
    ['{}', 'invalid-value routes.one.via[0]: expected one operator in a step, found none'],
    [
      '[pass]',
      'invalid-value routes.one.via[0]: expected a step such as filter: …, a name, or {use: ./step.ts, with: {…}}, found a list',
    ],
  ])('%s', async (step, expected) => {
    expect(await only(route(`via: [${step}]`))).toEqual(expected);
  });

  it.each([
    ['a: [a]', 'invalid-value operators.a[0]: expected chains without a circle, found a → a'],
    [
      'a: [b], b: [c], c: [b]',
      'invalid-value operators.c[0]: expected chains without a circle, found b → c → b',
    ],
    [
      'filter: [pass]',
      'duplicate-name operators.filter: expected a name of its own, found that of the operator filter',
    ],
    ['a: pass', 'invalid-value operators.a: expected a list of steps, found "pass"'],
    [
      'a: [pass], b: [{ a: 5 }]',
      'invalid-value operators.b[0].a: expected no options for the chain a, found 5',
    ],
    ['a: [nope]', expect.stringMatching(/^unknown-name operators\.a\[0\]: /)],
  ])('operators: { %s }', async (chains, expected) => {
    expect(await only(`operators: { ${chains} }`)).toEqual(expected);
  });

  it('takes 256 steps and no more, chains resolved', async () => {
    const doubling = Array.from({ length: 8 }, (_, n) => `c${n + 1}: [c${n}, c${n}]`).join(', ');
    const text = (last: string): string =>
      `${declared}operators: { c0: [pass], ${doubling} }\nroutes: { one: { via: [c8${last}], to: [two] } }`;
    const { plan } = await load(text(''));
    expect(plan.routes['one']?.via).toHaveLength(256);
    expect(await only(text(', pass'))).toBe(
      'invalid-value routes.one.via[1]: expected at most 256 steps, chains resolved, found more',
    );
  });

  it('takes 32 chains within one another and no more', async () => {
    const text = (depth: number): string =>
      `operators: { ${Array.from({ length: depth }, (_, n) => `c${n}: [${n + 1 === depth ? 'pass' : `c${n + 1}`}]`).join(', ')} }`;
    await load(text(32));
    expect(await only(text(33))).toBe(
      'invalid-value operators.c31[0]: expected at most 32 chains within one another, found more',
    );
    expect((await problemsOf(text(3000))).length).toBeGreaterThan(0);
  });
});
