/** Which policy a leg gets, which it cannot have, and what is warned of. */
import { describe, expect, it } from 'vitest';
import { brief, load, problemsOf } from './fakes.ts';

const declared = `
plugins:
  - { name: socket, id: endpoint-socket }
  - { name: queue, id: endpoint-queue, url: x }
  - { name: radio, id: endpoint-radio }
  - { name: printer, id: endpoint-printer }
`;

async function firstLeg(text: string) {
  const { plan } = await load(declared + text);
  const [route] = Object.values(plan.routes);
  return route?.to[0];
}

const inMemory = { messages: 1024, bytes: 16_777_216 };
const unpausable = { messages: 65_536, bytes: 16_777_216 };

describe('policies', () => {
  it.each([
    ['a source that can pause', 'routes: { socket: [printer] }', 'pause', inMemory],
    ['one that cannot', 'routes: { radio: [printer] }', 'drop-oldest', unpausable],
    [
      'several, one of which cannot',
      'routes: { r: { from: [socket, radio], to: printer } }',
      'drop-oldest',
      unpausable,
    ],
    [
      'a default that can be kept',
      'defaults: { overflow: latest }\nroutes: { radio: [printer] }',
      'latest',
      unpausable,
    ],
    [
      'a default that cannot',
      'defaults: { overflow: pause }\nroutes: { radio: [printer] }',
      'drop-oldest',
      unpausable,
    ],
    [
      'a default with a buffer',
      'defaults: { buffer: 5 }\nroutes: { radio: [printer] }',
      'drop-oldest',
      { messages: 5, bytes: 16_777_216 },
    ],
    [
      'a stated policy',
      'routes: { radio: [{ to: printer, overflow: drop-newest }] }',
      'drop-newest',
      unpausable,
    ],
    [
      'a policy that must leave room in the window',
      'routes: { radio: [{ to: printer, overflow: error }] }',
      'error',
      { messages: 256, bytes: 16_777_216 },
    ],
    [
      'a loss that is admitted',
      'routes: { radio: { to: printer, overflow: pause, allow-upstream-loss: true } }',
      'pause',
      unpausable,
    ],
    [
      'a default with a loss that is admitted',
      'defaults: { overflow: pause }\nroutes: { radio: { to: printer, allow-upstream-loss: true } }',
      'pause',
      unpausable,
    ],
    [
      'a loss that is admitted, and nothing stated',
      'routes: { radio: { to: printer, allow-upstream-loss: true } }',
      'drop-oldest',
      unpausable,
    ],
  ])('follows %s', async (_, text, overflow, buffer) => {
    expect(await firstLeg(text)).toEqual({ to: 'printer', overflow, buffer });
  });

  it.each([
    ['a leg', 'routes:\n  radio: [{ to: printer, overflow: pause }]', '8:36'],
    ['a route', 'routes:\n  radio: { to: [printer], overflow: pause }', '8:37'],
    [
      'one of several sources',
      'routes:\n  r: { from: [socket, radio], to: [{ to: printer, overflow: { policy: pause } }] }',
      '8:71',
    ],
  ])('refuses a stated pause behind a source that cannot: %s', async (_, text, at) => {
    const problems = await problemsOf(declared + text);
    expect(problems.map(({ code, place }) => `${code} ${place.line}:${place.column}`)).toEqual([
      `unkeepable-policy ${at}`,
    ]);
    expect(problems[0]?.text).toContain('radio cannot pause');
    expect(problems[0]?.text).toContain('allow-upstream-loss: true');
  });

  it.each([
    ['discards what fails where nothing redelivers', 'socket', 'discard'],
    ['holds what fails where the source redelivers', 'queue', 'hold'],
  ])('%s', async (_, source, onError) => {
    const { plan } = await load(`${declared}routes: { ${source}: [printer] }`);
    expect(plan.routes[source]?.onError).toBe(onError);
  });

  it('holds what fails when one of several sources redelivers', async () => {
    const { plan } = await load(`${declared}routes: { r: { from: [socket, queue], to: printer } }`);
    expect(plan.routes['r']?.onError).toBe('hold');
  });

  it('takes what is stated for failures', async () => {
    const { plan } = await load(`${declared}routes:
  queue: { to: printer, on-error: nack }
  socket: { to: printer, on-error: { dead-letter: radio } }`);
    expect(Object.values(plan.routes).map(({ onError }) => onError)).toEqual([
      'nack',
      { deadLetter: 'radio' },
    ]);
  });
});

describe('marshallers', () => {
  const chosen = async (marshallers: string, rest: string, defaults = ''): Promise<string | undefined> => {
    const { plan } = await load(`plugins: [${marshallers}{ name: x, ${rest} }]\n${defaults}`);
    return plan.endpoints['x']?.marshal;
  };
  const a = '{ name: a, id: marshal-a }, ';
  const b = '{ name: b, id: marshal-b }, ';

  it.each([
    ['none where none is declared', '', 'id: endpoint-socket', '', 'none'],
    ['the only one', a, 'id: endpoint-socket', '', 'a'],
    ['the default', a + b, 'id: endpoint-socket', 'defaults: { marshal: b }', 'b'],
    ['its own', a + b, 'id: endpoint-socket, marshal: a', 'defaults: { marshal: b }', 'a'],
    [
      'none where it says so',
      a + b,
      'id: endpoint-socket, marshal: none',
      'defaults: { marshal: b }',
      'none',
    ],
    ['none where the defaults say so', a + b, 'id: endpoint-socket', 'defaults: { marshal: none }', 'none'],
    ['none for an endpoint of values', a + b, 'id: endpoint-echo', '', 'none'],
    [
      'none for an endpoint of values, whatever the default',
      a,
      'id: endpoint-echo',
      'defaults: { marshal: a }',
      'none',
    ],
  ])('gives an endpoint %s', async (_, marshallers, rest, defaults, expected) => {
    expect(await chosen(marshallers, rest, defaults)).toBe(expected);
  });

  it('asks for a choice among several, once for all endpoints', async () => {
    const problems = await problemsOf(
      `plugins: [${a}${b}{ name: x, id: endpoint-clock }, { name: e, id: endpoint-echo }, { name: y, id: endpoint-radio }]`,
    );
    expect(problems.map(brief)).toEqual(['ambiguous-marshaller plugins[2] 1:67']);
    expect(problems[0]?.text).toBe(
      'expected a choice among the marshallers a, b for x and 1 more endpoint, found none; ' +
        'write marshal: a in the endpoint or under defaults:, or marshal: none',
    );
  });

  it('refuses an endpoint in place of a marshaller', async () => {
    const problems = await problemsOf('plugins: [{ name: x, id: endpoint-clock, marshal: x }]');
    expect(problems.map(brief)).toEqual(['wrong-role plugins[0].marshal 1:51']);
  });
});

describe('warnings', () => {
  const echo = (name: string, channel: string): string =>
    `  - { name: ${name}, id: endpoint-echo, channel: ${channel} }\n`;
  const warningsOf = async (text: string): Promise<readonly string[]> =>
    (await load(text)).warnings.map(({ text, place }) => `${place.path}: ${text}`);
  const channels = `plugins:\n${echo('a', 'a')}${echo('b', 'b')}${echo('c', 'c')}${echo('other-a', 'a')}`;
  const circle = (way: string): string =>
    `${way} is a circle in which every leg pauses: full, it would wait for itself for ever; ` +
    'give one leg overflow: drop-oldest, or filter what has been here (meta.endpoint)';

  it.each([
    ['a route back to its own source', '{ a: [a] }', ['routes.a: ' + circle('a → a')]],
    ['two routes', '{ a: [b], b: [a] }', ['routes.a: ' + circle('a → b → a')]],
    ['another endpoint of the same address', '{ a: [other-a] }', ['routes.a: ' + circle('a → a')]],
    ['three routes, one way only', '{ a: [b], b: [c], c: [a] }', ['routes.a: ' + circle('a → b → c → a')]],
    ['no circle', '{ a: [b, c], b: [c] }', []],
    ['a circle with a leg that drops', '{ a: [b], b: [{ to: a, overflow: drop-oldest }] }', []],
    [
      'a circle beside one that drops',
      '{ a: [b, { to: a, overflow: latest }], b: [a] }',
      ['routes.a: ' + circle('a → b → a')],
    ],
  ])('tells of circles that pause: %s', async (_, routes, expected) => {
    expect(await warningsOf(`${channels}routes: ${routes}`)).toEqual(expected);
  });

  it('finds one circle among hundreds of routes', async () => {
    const chain = Array.from(
      { length: 200 },
      (_, n) => `  - { name: e${n}, id: endpoint-echo, channel: c${n} }`,
    ).join('\n');
    const routes = Array.from({ length: 200 }, (_, n) => `  e${n}: [e${(n + 1) % 200}]`).join('\n');
    expect(await warningsOf(`plugins:\n${chain}\nroutes:\n${routes}`)).toHaveLength(1);
  });

  it('tells of an acking source behind legs that may all drop', async () => {
    const text = (legs: string): string => `${declared}routes: { queue: [${legs}] }`;
    expect(
      await warningsOf(text('{ to: printer, overflow: latest }, { to: socket, overflow: drop-newest }')),
    ).toEqual([
      'routes.queue: queue keeps a message until it is acknowledged, but every leg of this route acknowledges what it may drop; give one leg overflow: pause',
    ]);
    expect(await warningsOf(text('{ to: printer, overflow: latest }, socket'))).toEqual([]);
  });

  it('tells of a key that nothing reads, and of a marshaller that has nothing to act on', async () => {
    expect(await warningsOf(`${declared}routes: { socket: [{ to: printer, key: id }] }`)).toEqual([
      'routes.socket[0].key: only overflow: latest and sample read key, and this leg has pause',
    ]);
    const mock = 'plugins: [{ name: j, id: marshal-a }, { name: e, id: endpoint-echo, marshal: j }]';
    expect(await warningsOf(mock)).toEqual([
      'plugins[1].marshal: e carries values, not bytes: no marshaller acts on it',
    ]);
  });
});
