/** `overflow: spill` of a leg: its file, its bound, and what it cannot be. */
import { describe, expect, it } from 'vitest';
import { printPlan } from '../../src/config/print.ts';
import { virtualRelay } from '../../src/testing/index.ts';
import { load, problemsOf } from './fakes.ts';

const declared = `
plugins:
  - { name: socket, id: endpoint-socket }
  - { name: radio, id: endpoint-radio }
  - { name: echo, id: endpoint-echo, channel: a }
  - { name: printer, id: endpoint-printer }
`;

async function spillOf(text: string) {
  const { routes } = await load(declared + text);
  const [route] = [...routes.values()];
  const [branch] = route?.branches ?? [];
  return { plan: branch?.plan.spill, part: branch?.spill, overflow: branch?.plan.overflow };
}

async function problems(text: string): Promise<string[]> {
  return (await problemsOf(declared + text)).map(({ code, place, text, suggestion }) =>
    [`${code} ${place.path}: ${text}`, ...(suggestion === undefined ? [] : [suggestion])].join(' | '),
  );
}

const spill = (more = '') => `{ policy: spill, path: data/a.db${more} }`;

describe('spill', () => {
  it('has a bound of 1 GiB and pauses when that is full', async () => {
    const { plan, overflow } = await spillOf(`routes: { socket: [{ to: printer, overflow: ${spill()} }] }`);
    expect([overflow, plan]).toEqual(['spill', { path: 'data/a.db', max: 2 ** 30, then: 'pause' }]);
  });

  it('drops the oldest when it is full behind a source that cannot be held', async () => {
    const { plan } = await spillOf(`routes: { radio: [{ to: printer, overflow: ${spill()} }] }`);
    expect(plan?.then).toBe('drop-oldest');
  });

  it('finds its file from the folder of the configuration', async () => {
    const yaml = `${declared}routes: { socket: [{ to: printer, overflow: ${spill()} }] }`;
    const { routes } = await load(yaml, { directory: '/etc/araldo' });
    expect(routes.get('socket')?.branches[0]?.spill?.path).toBe('/etc/araldo/data/a.db');
  });

  it.each([
    ['socket: printer', '', 256],
    ['socket: printer', 'defaults: { max-in-flight: 10 }', 2],
    ['socket: printer', 'defaults: { max-in-flight: 3 }', 1],
    ['socket: printer', 'defaults: { max-in-flight: 100000 }', 1024],
    ['radio: printer', '', 256],
  ])(
    'keeps a quarter in memory of what its sources may have unsettled: %s %s',
    async (route, more, messages) => {
      const [from] = route.split(': ');
      const text = `${more}\nroutes: { ${from}: [{ to: printer, overflow: ${spill()} }] }`;
      const { plan, warnings } = await load(declared + text);
      expect(plan.routes[from as string]?.to[0]?.buffer.messages).toBe(messages);
      expect(warnings).toEqual([]);
    },
  );

  it('keeps a source flowing that waits for acks, while its sink is stalled', async () => {
    const relay = await virtualRelay({
      value: {
        plugins: [
          { name: 'orders', id: 'endpoint-modelled', source: { redelivers: true, carries: 'bytes' } },
          { name: 'archive', id: 'endpoint-modelled', sink: { carries: 'bytes' } },
        ],
        routes: { orders: [{ to: 'archive', overflow: { policy: 'spill', path: 'never-made.db' } }] },
      },
    });
    relay.sink('archive').stall();
    const sent = Array.from({ length: 3_000 }, (_, place) => relay.send('orders', String(place)));
    await relay.advance(100);
    // The others are in memory, or sent.
    expect(sent.filter(({ fate }) => fate === 'acked').length).toBeGreaterThanOrEqual(3_000 - 512);
    relay.stop();
  });

  it.each([
    ['512', '', 'let buffer be 511 at most'],
    ['4096', '', 'let buffer be 511 at most'],
    ['1', 'defaults: { max-in-flight: 2 }', 'let socket have max-in-flight: 3 or more'],
  ])('warns of a buffer of %s that fills the window of its source first', async (buffer, more, cure) => {
    const text = `${more}\nroutes: { socket: [{ to: printer, overflow: ${spill(`, buffer: ${buffer}`)} }] }`;
    const { warnings } = await load(declared + text);
    expect(warnings.map(({ text }) => text)).toEqual([expect.stringContaining(cure)]);
  });

  it('is not alone in that: error refuses nothing either when the window is full first', async () => {
    const { plan, warnings } = await load(
      `${declared}routes: { socket: [{ to: printer, overflow: error }, { to: echo, overflow: error, buffer: 600 }] }`,
    );
    expect(plan.routes['socket']?.to.map(({ buffer }) => buffer.messages)).toEqual([256, 600]);
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringContaining('before anything is refused; let buffer be 511 at most'),
    ]);
  });

  it('may be stated for a route, or for all', async () => {
    const route = await spillOf(`routes: { socket: { to: printer, overflow: ${spill(', max: 1MiB')} } }`);
    expect(route.plan).toEqual({ path: 'data/a.db', max: 2 ** 20, then: 'pause' });
    const all = await spillOf(`defaults: { overflow: ${spill()} }\nroutes: { socket: printer }`);
    expect(all.overflow).toBe('spill');
  });

  it('is printed in a form that loads to an equal plan', async () => {
    const text = `routes: { socket: [{ to: printer, overflow: ${spill(', max: 3MiB, then: error, buffer: 7')} }] }`;
    const configuration = await load(declared + text);
    const again = await load(printPlan(configuration));
    expect(again.plan).toEqual(configuration.plan);
    expect(again.plan.routes['socket']?.to[0]).toEqual({
      to: 'printer',
      overflow: 'spill',
      spill: { path: 'data/a.db', max: 3 * 2 ** 20, then: 'error' },
      buffer: { messages: 7, bytes: 2 ** 24 },
    });
  });

  it.each([
    [
      'without a path',
      'routes: { socket: [{ to: printer, overflow: spill }] }',
      'missing-key routes.socket[0].overflow: expected {policy: spill, path: …}, found no path of a file for the messages',
    ],
    [
      'with keys and without a path',
      'routes: { socket: [{ to: printer, overflow: { policy: spill, max: 1MiB } }] }',
      'missing-key routes.socket[0].overflow.path: expected the path of a file for the messages, such as data/archive.db, found nothing',
    ],
    [
      'in front of a sink of values',
      `routes: { socket: [{ to: echo, overflow: ${spill()} }] }`,
      'unkeepable-policy routes.socket[0].overflow.policy: expected a sink that is sent bytes, found spill in front of echo: it takes values as they are, which have no form on disk; use another policy',
    ],
    [
      'that holds a source which cannot be held',
      `routes: { radio: [{ to: printer, overflow: ${spill(', then: pause')} }] }`,
      'unkeepable-policy routes.radio[0].overflow.then: expected what radio can keep, found pause: radio cannot pause, and its messages would be lost before they come here; write then: drop-oldest (or drop-newest, error), or admit the loss with allow-upstream-loss: true in the route',
    ],
    [
      'of which two legs use one file',
      `routes: { socket: { to: [printer, radio], overflow: ${spill()} } }`,
      'duplicate-name routes.socket.to[1]: expected a file for each leg, found data/a.db for socket → radio and for socket → printer',
    ],
    [
      'with a policy of its own when full',
      `routes: { socket: [{ to: printer, overflow: ${spill(', then: latest')} }] }`,
      'invalid-value routes.socket[0].overflow.then: expected pause, drop-oldest, drop-newest or error, found "latest"',
    ],
    [
      'of which only the keys are stated',
      'routes: { socket: [{ to: printer, overflow: { policy: pause, path: a.db } }] }',
      'unknown-key routes.socket[0].overflow.path: expected a key of overflow, found "path" | path is a key of overflow: {policy: spill}',
    ],
  ])('refuses one %s', async (_, text, problem) => {
    expect(await problems(text)).toEqual([problem]);
  });

  it('that admits the loss may hold a source which cannot be held', async () => {
    const text = `routes: { radio: { to: printer, overflow: ${spill(', then: pause')}, allow-upstream-loss: true } }`;
    expect((await spillOf(text)).plan?.then).toBe('pause');
  });
});
