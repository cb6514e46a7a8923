/** What a route is said to promise, and the errors of one that states more. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Configuration, Registry } from '../../src/config/configuration.ts';
import { type Guarantee, guaranteesOf } from '../../src/config/guarantee/guarantee.ts';
import type { Capabilities } from '../../src/core/endpoint.ts';
import { defineOperator, type OperatorDefinition } from '../../src/core/operator.ts';
import { type AnyPlugin, defineEndpoint } from '../../src/core/plugin.ts';
import { fakeRegistry, load, problemsOf } from './fakes.ts';

const keeps = {
  canPause: true,
  acks: true,
  redelivers: true,
  ordered: 'lane',
  scope: 'once',
  carries: 'bytes',
  maxPayload: 1024,
} as const;
const forgets = { ...keeps, acks: false, redelivers: false, ordered: 'all' } as const;
const durable = { confirms: 'durable', reaches: 'system', carries: 'bytes' } as const;

const capabilities: Readonly<Record<string, Capabilities>> = {
  stream: { source: keeps, sink: durable },
  memory: { source: forgets, sink: { ...durable, confirms: 'accepted', pipelines: false } },
  radio: {
    source: { ...forgets, canPause: false, ordered: 'none' },
    sink: { ...durable, confirms: 'handed' },
  },
  browsers: { sink: { ...durable, confirms: 'flushed', reaches: 'peers', peerBytes: 4096 } },
  socket: { sink: { ...durable, confirms: 'flushed' } },
  web: { sink: { ...durable, confirms: 'accepted', ordered: 'key' } },
  endless: { source: { ...forgets, maxPayload: undefined as never } },
};

const operators: readonly OperatorDefinition[] = [
  defineOperator({
    kind: 'rx',
    obligations: 'opaque',
    name: 'raw',
    summary: '',
    options: z.undefined(),
    create: () => (source) => source,
  }),
  defineOperator({
    kind: 'rx',
    obligations: 'preserved',
    name: 'shuffle',
    summary: '',
    options: z.undefined(),
    create: () => (source) => source,
  }),
  defineOperator({
    kind: 'rx',
    obligations: 'contained',
    name: 'keyed',
    summary: '',
    options: z.undefined(),
    order: () => 'key' as const,
    create: () => (source) => source,
  }),
  defineOperator({
    kind: 'async',
    name: 'slow',
    summary: '',
    options: z.undefined(),
    create: () => () => null,
  }),
];

const fakes = fakeRegistry();
const registry: Registry = {
  ...fakes,
  findPlugin: async (id, directory) => {
    const can = capabilities[id.replace('endpoint-', '')];
    if (can === undefined) return fakes.findPlugin(id, directory);
    return defineEndpoint({
      kind: 'endpoint',
      id,
      summary: id,
      options: z.strictObject({}),
      capabilities: () => can,
      create: () => {
        throw new Error('config makes nothing');
      },
    }) as AnyPlugin;
  },
  findOperator: async (use, directory) =>
    operators.find(({ name }) => name === use) ?? fakes.findOperator(use, directory),
};

const declared = `plugins:\n${Object.keys(capabilities)
  .map(
    (name) => `  - { name: ${name}, id: endpoint-${name} }\n  - { name: ${name}-2, id: endpoint-${name} }\n`,
  )
  .join('')}`;

function configured(routes: string): Promise<Configuration> {
  return load(`${declared}${routes}`, { registry });
}

async function guarantees(routes: string, name?: string): Promise<readonly Guarantee[]> {
  const { routes: parts, endpoints } = await configured(routes);
  const route = name === undefined ? [...parts.values()][0] : parts.get(name);
  return route === undefined ? [] : guaranteesOf(route, parts, endpoints);
}

async function first(routes: string): Promise<Guarantee> {
  const [guarantee] = await guarantees(routes);
  if (guarantee === undefined) throw new Error('there is no guarantee');
  return guarantee;
}

const safe = 'routes: { stream: { to: stream-2, on-error: hold } }';

describe('delivery', () => {
  it.each([
    ['from a source that keeps to a sink that confirms', safe, 'at-least-once'],
    [
      'with dead letters that are confirmed',
      'routes: { stream: { to: stream-2, on-error: { dead-letter: memory } } }',
      'at-least-once',
    ],
    [
      'under error with hold',
      'routes: { stream: { to: stream-2, overflow: error, on-error: hold } }',
      'at-least-once',
    ],
    ['from a source that forgets', 'routes: { memory: { to: memory-2, on-error: hold } }', 'at-most-once'],
    [
      'from one that forgets to a sink whose confirmations may be lost',
      'routes: { memory: { to: stream } }',
      'best-effort',
    ],
    [
      'with a leg that drops',
      'routes: { stream: { to: [{ to: stream-2, overflow: drop-oldest }] } }',
      'best-effort',
    ],
  ])('%s is %s', async (_, routes, delivery) => {
    expect((await first(routes)).delivery).toBe(delivery);
  });

  it.each([
    [
      'memory: { to: memory-2, on-error: hold }',
      ['memory keeps no message for araldo: when araldo stops hard, what it had read is gone'],
    ],
    [
      'radio: { to: stream, on-error: hold, overflow: error }',
      [
        'radio keeps no message for araldo: when araldo stops hard, what it had read is gone',
        'radio cannot be held back: what comes while araldo is away or slow is lost before it is read',
      ],
    ],
    [
      'stream: { via: [raw], to: stream-2 }',
      ['the step raw is opaque: a message is acknowledged when the step takes it, whatever comes of it'],
    ],
    [
      'stream: { to: [{ to: stream-2, overflow: drop-oldest }] }',
      ['the leg to stream-2 acknowledges what it accepts, and full, gives up the oldest'],
    ],
    [
      'stream: { to: [{ to: stream-2, overflow: drop-newest }] }',
      ['the leg to stream-2 acknowledges what it accepts, and full, gives up what arrives'],
    ],
    [
      'stream: { to: [{ to: stream-2, overflow: latest }] }',
      ['the leg to stream-2 acknowledges what it accepts, and keeps only the newest of each key'],
    ],
    [
      'stream: { to: [{ to: stream-2, overflow: { policy: spill, path: x.db, then: drop-oldest } }] }',
      ['the leg to stream-2 gives up the oldest when its disk part is full'],
    ],
    [
      'stream: { to: browsers }',
      ['browsers reaches the peers that are connected: who is not, or cannot keep up, does not get it'],
    ],
    [
      'stream: { to: socket }',
      ['socket confirms a message when it has left this process, not when the other side does'],
    ],
    [
      'stream: { to: radio }',
      ['radio confirms a message when its client library has it, not when the other side does'],
    ],
    [
      'stream: { to: stream-2, on-error: discard }',
      ['a message that fails is counted, acknowledged and gone (on-error: discard)'],
    ],
    [
      'stream: { to: stream-2, on-error: nack }',
      ['a message that fails 5 times is given up (on-error: nack)'],
    ],
    [
      'stream: { to: stream-2, on-error: { dead-letter: radio } }',
      ['a message that fails goes to radio, which may lose it'],
    ],
    [
      'stream: { to: stream-2, on-error: { dead-letter: browsers } }',
      ['a message that fails goes to browsers, which may lose it'],
    ],
  ])('says how %s may lose a message', async (route, losses) => {
    expect((await first(`routes: { ${route} }`)).losses.map(({ text }) => text)).toEqual(losses);
  });

  it('says why nothing is lost', async () => {
    expect((await first(safe)).keptBy).toEqual([
      'stream keeps a message until stream-2 has confirmed it (durable)',
      'what fails stops the route (on-error)',
    ]);
  });
});

describe('duplicates', () => {
  const crash =
    'when araldo stops hard, or the connection to stream breaks: what was not settled comes again, 1024 messages at most, to all legs';
  const outage =
    'when the connection to stream-2 breaks: what it had not confirmed is sent again, 1024 messages at most';

  it.each([
    ['stream: { to: stream-2 }', [crash, outage]],
    ['stream: { to: memory }', [crash]],
    ['memory: { to: browsers }', []],
    ['memory: { to: radio }', []],
    ['memory: { to: [{ to: stream-2, buffer: 10 }] }', [outage.replace('1024', '10')]],
    [
      'memory: { to: [{ to: stream-2, retry: { in-order: true } }] }',
      [
        outage.replace('1024 messages', '1 message'),
        'when stream-2 reports a failure and has the message all the same: it is tried again',
      ],
    ],
    // With one leg, what is given back has not been delivered.
    ['memory: { to: memory-2, on-error: nack }', []],
    [
      'memory: { to: [memory-2, stream-2], on-error: nack }',
      [
        'when another leg refuses it: memory delivers it again, to all legs (on-error: nack), up to 5 times in all',
      ],
    ],
  ])('of %s', async (route, expected) => {
    expect((await first(`routes: { ${route} }`)).duplicates).toEqual(expected);
  });

  it('come from another route of the same source too', async () => {
    const routes = `routes:
  memory: [memory-2]
  refuses: { from: memory, to: memory-2, on-error: nack }
  waits: { from: memory, via: [slow], to: memory-2 }`;
    expect((await guarantees(routes, 'memory'))[0]?.duplicates).toEqual([
      'when route refuses refuses it: memory delivers it again, to all legs (on-error: nack), up to 5 times in all',
      'when the step slow of route waits takes too long: up to 5 times in all',
    ]);
  });
});

describe('order', () => {
  it.each([
    ['memory: [memory-2]', 'all', []],
    ['stream: [stream-2]', 'lane', ['stream keeps the order of a lane: a peer, a channel, a partition']],
    ['radio: [stream]', 'none', ['radio gives messages in no order']],
    ['memory: { via: [shuffle], to: stream }', 'none', ['the step shuffle may change the order']],
    ['memory: { via: [keyed], to: stream }', 'key', ['the step keyed keeps the order of each key']],
    ['memory: { via: [slow], to: stream }', 'all', []],
    ['stream: { via: [keyed], to: stream-2 }', 'key', ['the step keyed keeps the order of each key']],
    [
      'memory: [{ to: stream, overflow: latest }]',
      'key',
      ['a newer value takes the place of one that waits in the leg to stream'],
    ],
    ['memory: [web]', 'key', ['web sends messages of different keys side by side']],
    [
      'memory: [{ to: stream, retry: 3 }]',
      'none',
      [
        'unordered under retry: others overtake what stream refused; retry: { in-order: true } keeps them back',
      ],
    ],
    ['memory: [{ to: stream, retry: { in-order: true } }]', 'all', []],
    ['memory: [{ to: memory-2, retry: 3 }]', 'all', []],
  ])('of %s is %s', async (route, kept, reasons) => {
    const { order } = await first(`routes: { ${route} }`);
    expect([order.kept, order.reasons]).toEqual([kept, reasons]);
  });

  it.each([
    ['memory: [memory-2]', 0],
    ['stream: [stream-2]', 1],
    ['memory: { to: memory-2, on-error: nack }', 1],
    ['memory: { via: [slow], to: memory-2 }', 1],
  ])('of %s has exceptions: %i', async (route, count) => {
    expect((await first(`routes: { ${route} }`)).order.except).toHaveLength(count);
  });
});

describe('memory', () => {
  const stash = 16 * 1024 * 1024;

  it('is the window, the stash, the leg twice and the peers', async () => {
    const { memory } = await first('routes: { stream: [{ to: browsers, buffer: 10KiB }] }');
    expect(memory.parts.map(({ name, count, bytes }) => [name, count, bytes])).toEqual([
      ['in flight from stream', 1024, 1024],
      ['waiting at the gate of stream', 1, stash],
      ['in the leg to browsers', 2, 10_240],
      ['for the peers of browsers', 1, 4096],
    ]);
    expect(memory.bytes).toBe(1024 * 1024 + stash + 20_480 + 4096);
  });

  it('has no bound in bytes where payloads have none', async () => {
    const { memory } = await first('routes: { endless: [memory] }');
    expect(memory.bytes).toBeUndefined();
    expect(memory.parts[0]).toEqual({ name: 'in flight from endless', count: 1024 });
  });
});

describe('coupling', () => {
  it.each([
    ['stream: [memory]', 'a slow memory holds stream once its leg is full'],
    ['stream: [{ to: memory, overflow: drop-oldest }]', undefined],
    [
      'stream: [memory, memory-2], other: { from: stream, to: radio }',
      'a slow memory holds stream once its leg is full, and so the other legs of this route and route other',
    ],
  ])('of %s', async (routes, sentence) => {
    expect((await guarantees(`routes: { ${routes} }`, 'stream'))[0]?.coupling).toBe(sentence);
  });
});

describe('guarantee: at-least-once', () => {
  it('is part of the plan of a route that keeps it', async () => {
    const { plan } = await configured(
      'routes: { stream: { to: [stream-2, memory], guarantee: at-least-once } }',
    );
    expect(plan.routes['stream']?.guarantee).toBe('at-least-once');
  });

  it('is refused where a route cannot keep it, at each cause, with the cure', async () => {
    const text = `${declared}routes:
  stream:
    via: [raw]
    to:
      - stream-2
      - { to: stream-2, overflow: drop-oldest }
      - { to: stream-2, overflow: drop-oldest }
    on-error: discard
    guarantee: at-least-once`;
    const problems = await problemsOf(text, { registry });
    expect(problems.map(({ code, place: { path } }) => `${code} ${path}`)).toEqual([
      'unkeepable-guarantee routes.stream.via[0]',
      'unkeepable-guarantee routes.stream.to[1]',
      'unkeepable-guarantee routes.stream.guarantee',
    ]);
    expect(problems[1]?.text).toBe(
      'expected at-least-once to be kept, as the route states; the leg to stream-2 acknowledges what it accepts, and ' +
        'full, gives up the oldest → write overflow: pause, or spill',
    );
  });

  it('is refused for its source where it is stated', async () => {
    const [problem] = await problemsOf(
      `${declared}routes:\n  memory: { to: memory-2, guarantee: at-least-once, on-error: hold }`,
      { registry },
    );
    expect(problem?.place.path).toBe('routes.memory.guarantee');
    expect(problem?.text).toContain('read from a source that keeps messages until they are acknowledged');
  });

  it('is the only one there is to state', async () => {
    const [problem] = await problemsOf(
      `${declared}routes: { memory: { to: memory-2, guarantee: exactly-once } }`,
      { registry },
    );
    expect(problem?.text).toBe('expected at-least-once, found "exactly-once"');
  });
});
