import { describe, expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { ConfigurationError, loadConfiguration } from '../../src/config/load.ts';
import { printPlan } from '../../src/config/print.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

const registry = createRegistry(builtins);
const load = (text: string) => loadConfiguration({ text }, { registry, env: {} });

async function problemsOf(text: string): Promise<readonly string[]> {
  try {
    await load(text);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    return thrown.problems.map(({ text: said }) => said);
  }
}

const stream = (routes: string): string => `
plugins:
  - { name: orders, id: endpoint-redis-stream, stream: orders, group: araldo, max-in-flight: 7 }
  - { name: archive, id: endpoint-mock }
  - { name: screens, id: endpoint-mock }
routes:
${routes}
`;

describe('isolate', () => {
  it('is an endpoint and a route for each sink, with consumers of their own', async () => {
    const { plan } = await load(
      stream('  orders: { via: [filter: payload != null], to: [archive, screens], isolate: true }'),
    );
    expect(Object.keys(plan.routes)).toEqual(['orders/archive', 'orders/screens']);
    expect(plan.routes['orders/archive']).toMatchObject({
      from: ['orders/archive'],
      to: [{ to: 'archive' }],
    });
    expect(plan.routes['orders/screens']?.via).toHaveLength(1);
    expect(plan.endpoints['orders/screens']).toMatchObject({
      options: { stream: 'orders', group: 'araldo-screens' },
      maxInFlight: 7,
    });
    expect(Object.keys(plan.endpoints)).not.toContain('orders');
  });

  it('is said of one sink, and the others keep theirs', async () => {
    const { plan } = await load(stream('  orders: [archive, { to: screens, isolate: true }]'));
    expect(plan.routes['orders']).toMatchObject({ from: ['orders'], to: [{ to: 'archive' }] });
    expect(plan.routes['orders/screens']).toMatchObject({
      from: ['orders/screens'],
      to: [{ to: 'screens' }],
    });
    expect(plan.endpoints['orders']).toMatchObject({ options: { group: 'araldo' } });
  });

  it('makes other consumers for another route of the same source to the same sink', async () => {
    const { plan } = await load(
      stream(
        '  orders: { to: [archive], isolate: true }\n  more: { from: orders, to: [archive], isolate: true }',
      ),
    );
    const groups = Object.values(plan.endpoints).flatMap(({ options }) => options['group'] ?? []);
    expect(groups).toEqual([
      expect.stringMatching(/^araldo-archive$/),
      expect.stringMatching(/^araldo-more-archive-\w{8}$/),
    ]);
  });

  it('is printed as what it stands for, which is the same plan', async () => {
    const configuration = await load(stream('  orders: { to: [archive, screens], isolate: true }'));
    expect((await load(printPlan(configuration))).plan).toEqual(configuration.plan);
  });

  it.each([
    ['endpoint-nats', '{ subscribe: a, queue: q }', { queue: 'q-archive' }],
    ['endpoint-mqtt', '{ subscribe: a }', { 'client-id': 'araldo-in-archive' }],
    ['endpoint-mqtt', '{ subscribe: a, share: g }', { share: 'g-archive' }],
    ['endpoint-redis', '{ channel: a }', { channel: 'a' }],
    ['endpoint-jetstream', '{ stream: S, durable: d }', { durable: 'd-archive' }],
    ['endpoint-kafka', '{ topic: t, group: g }', { group: 'g-archive' }],
    ['endpoint-amqp', '{ queue: q, bindings: [{ exchange: e }] }', { queue: 'q-archive' }],
  ])('gives %s a consumer of its own', async (id, options, own) => {
    const { plan } = await load(
      `plugins: [{ name: in, id: ${id}, ${options.slice(1, -1)} }, { name: archive, id: endpoint-mock }]\n` +
        'routes: { in: { to: [archive], isolate: true } }',
    );
    expect(plan.endpoints['in/archive']?.options).toMatchObject(own);
  });

  it('is refused where there can be no such consumer, with the reason', async () => {
    const text = (id: string, options: string): string =>
      `plugins: [{ name: in, id: ${id}${options} }, { name: archive, id: endpoint-mock }]\n` +
      'routes: { in: { to: [archive], isolate: true } }';
    expect(await problemsOf(text('endpoint-websocket', ''))).toEqual([
      'expected a source that can have a consumer for each sink; in (endpoint-websocket) cannot: its messages come to ' +
        'one consumer alone. Give the slow leg overflow: spill or drop-oldest instead',
    ]);
    expect((await problemsOf(text('endpoint-amqp', ', queue: q')))[0]).toContain(
      'bind the queue to an exchange',
    );
    for (const subscribe of ["'$share/g/a/#'", "[a, '$share/g/b']"]) {
      expect(await problemsOf(text('endpoint-mqtt', `, subscribe: ${subscribe}`))).toEqual([
        expect.stringContaining('would share its messages; write the group as share: beside subscribe'),
      ]);
    }
    expect(await problemsOf(stream('  orders: { to: [archive], isolate: true, ack: first }'))).toEqual([
      expect.stringContaining('expected ack: all beside isolate'),
    ]);
    expect(await problemsOf(stream('  orders: { to: [archive], isolate: sometimes }'))).toHaveLength(1);
  });
});
