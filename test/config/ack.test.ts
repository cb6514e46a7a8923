/** `ack` of a route: what it comes to, what it promises, and where it comes to nothing. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Registry } from '../../src/config/configuration.ts';
import { explain } from '../../src/config/explain.ts';
import { graphOf } from '../../src/config/graph.ts';
import { printPlan } from '../../src/config/print.ts';
import { renderExplain } from '../../src/config/render-explain.ts';
import type { Capabilities } from '../../src/core/endpoint.ts';
import { type AnyPlugin, defineEndpoint } from '../../src/core/plugin.ts';
import { brief, fakeRegistry, load, problemsOf } from './fakes.ts';

const durable = { confirms: 'durable', reaches: 'system', carries: 'bytes' } as const;

const capabilities: Readonly<Record<string, Capabilities>> = {
  stream: {
    source: { canPause: true, acks: true, redelivers: true, ordered: 'all', scope: 'once', carries: 'bytes' },
    sink: durable,
  },
  weak: { sink: { ...durable, confirms: 'flushed' } },
};

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
};

const declared = `plugins:
  - { name: orders, id: endpoint-stream }
  - { name: a, id: endpoint-stream }
  - { name: b, id: endpoint-stream }
  - { name: weak, id: endpoint-weak }
`;

const configured = (route: string) => load(`${declared}routes: { orders: ${route} }`, { registry });
const problems = (route: string) => problemsOf(`${declared}routes: { orders: ${route} }`, { registry });

describe('ack', () => {
  it.each([
    ['{ to: [a, b], ack: first }', 'first'],
    ['{ to: [a, b], ack: all }', undefined],
    ['[a, b]', undefined],
  ])('%s', async (route, ack) => {
    const { plan } = await configured(route);
    expect(plan.routes['orders']?.ack).toBe(ack);
    const printed = printPlan(plan);
    expect((await load(printed, { registry })).plan).toEqual(plan);
    expect(printed.includes('ack: first')).toBe(ack === 'first');
  });

  it.each([
    ['{ to: [a, b], ack: none }', 'expected all or first, found "none"'],
    ['{ to: [a, b], ack: frist }', 'expected all or first, found "frist"'],
    ['{ to: [a, b], ack: 1 }', 'expected all or first, found 1'],
  ])('%s is refused where it stands', async (route, text) => {
    const [problem] = await problems(route);
    expect(brief(problem as never)).toBe('invalid-value routes.orders.ack 6:38');
    expect(problem?.text).toBe(text);
  });

  it('belongs to a route', async () => {
    const [problem] = await problems('{ to: [a, { to: b, ack: first }] }');
    expect(problem).toMatchObject({ code: 'unknown-key' });
    expect(JSON.stringify(problem)).toContain('a route');
  });

  it('is drawn on each leg', async () => {
    const graph = graphOf(await configured('{ to: [a, { to: b, overflow: latest }], ack: first }'));
    expect(graph.edges.map(({ label }) => label)).toEqual(['pause, ack: first', 'latest, ack: first']);
  });
});

describe('a warning', () => {
  it.each([
    ['{ to: a, ack: first }', 'each message goes to one sink'],
    ['{ to: { round-robin: [a, b] }, ack: first }', 'each message goes to one sink'],
    [
      '{ to: [a, b], overflow: drop-oldest, ack: first }',
      'every leg acknowledges what it takes, and may drop it',
    ],
    [
      '{ to: [a, { to: b, overflow: latest }], ack: first }',
      'one leg alone keeps a message until its sink has it',
    ],
  ])('says that it comes to nothing in %s', async (route, text) => {
    const warnings = (await configured(route)).warnings.filter(({ text }) => text.startsWith('ack: first'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.text).toContain(text);
    expect(warnings[0]?.place).toMatchObject({ line: 6, path: 'routes.orders.ack' });
  });

  it.each([
    '{ to: [a, b], ack: first }',
    '{ to: [a, { fallback: [b, { to: weak, overflow: latest }] }], ack: first }',
    '{ to: a, ack: all }',
  ])('says nothing of %s', async (route) => {
    expect((await configured(route)).warnings).toEqual([]);
  });
});

const lost = (sink: string): string =>
  'a message is acknowledged as soon as another sink has it (ack: first): when araldo stops hard, ' +
  `what waits in the leg to ${sink} is gone`;

describe('what it promises', () => {
  const explained = async (route: string) => explain(await configured(route))[0]?.guarantees ?? [];

  it('is at least once to one of the sinks, and less to each', async () => {
    const guarantees = await explained('{ to: [a, b], ack: first }');
    expect(guarantees.map(({ sink, delivery }) => [sink, delivery])).toEqual([
      ['a', 'best-effort'],
      ['b', 'best-effort'],
    ]);
    expect(guarantees.map(({ losses }) => losses.map(({ text }) => text))).toEqual([
      [lost('a')],
      [lost('b')],
    ]);
    expect(guarantees[0]?.losses[0]?.cure).toBe('write ack: all');
    expect(guarantees[0]?.first).toBe(
      'each message comes at least once to one of a and b: it is acknowledged when the first has it (ack: first)',
    );
  });

  it('is told to people', async () => {
    const text = renderExplain(explain(await configured('{ to: [a, b], ack: first }')));
    expect(text).toContain('\n  first       each message comes at least once to one of a and b: it is');
  });

  it('is no more than what the sinks confirm', async () => {
    const guarantees = await explained('{ to: [a, weak], ack: first }');
    expect(guarantees[0]?.first).toBe(
      'a message is acknowledged when the first of a and weak has it (ack: first)',
    );
  });

  it('is what ack: all promises where one leg alone keeps messages', async () => {
    const [a, b] = await explained('{ to: [a, { to: b, overflow: latest }], ack: first }');
    expect([a?.delivery, a?.first, b?.first]).toEqual(['at-least-once', undefined, undefined]);
  });

  it.each([
    '{ to: [a, b], ack: first }',
    '{ to: [a, b, { to: weak, overflow: latest }], ack: first }',
    '{ to: [{ to: a, when: payload.n > 1 }, { to: b, when: payload.n < 1 }], ack: first }',
  ])('meets guarantee: at-least-once in %s', async (route) => {
    const { plan } = await configured(route.replace('ack:', 'guarantee: at-least-once, ack:'));
    expect(plan.routes['orders']?.guarantee).toBe('at-least-once');
  });

  it.each([
    [
      'a sink that may be the first and forgets',
      '{ to: [a, weak] }',
      'weak confirms a message when it has left',
    ],
    [
      'a leg that drops what no other gets',
      '{ to: [{ to: a, when: has(payload.x) }, { to: b, when: has(payload.y) }, { to: a, overflow: latest }] }',
      'the leg to a acknowledges what it accepts',
    ],
    [
      'a leg among those that share messages out',
      '{ to: [{ to: a, when: has(payload.x) }, { fallback: [b, { to: a, overflow: latest }] }] }',
      'the leg to a acknowledges what it accepts',
    ],
    ['on-error: discard', '{ to: [a, b], on-error: discard }', 'a message that fails is counted'],
  ])('breaks guarantee: at-least-once with %s', async (_, route, text) => {
    const found = await problems(route.replace(/ }$/, ', ack: first, guarantee: at-least-once }'));
    expect(found.map(({ code }) => code)).toContain('unkeepable-guarantee');
    expect(found.map((problem) => problem.text).join('\n')).toContain(text);
    expect(found.map((problem) => problem.text).join('\n')).not.toContain('ack: first');
  });

  it('leaves out what comes again when another sink refuses it', async () => {
    const [all] = await explained('{ to: [a, b], on-error: nack }');
    const [first] = await explained('{ to: [a, b], on-error: nack, ack: first }');
    const isNack = (text: string): boolean => text.includes('on-error: nack');
    expect(all?.duplicates.some(isNack)).toBe(true);
    expect(first?.duplicates.some(isNack)).toBe(false);
  });
});
