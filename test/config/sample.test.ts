/** `overflow: { policy: sample }` of a leg: its period, its key, and where they may stand. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/config/explain.ts';
import { printPlan } from '../../src/config/print.ts';
import { load, problemsOf } from './fakes.ts';

const declared = `
plugins:
  - { name: socket, id: endpoint-socket }
  - { name: radio, id: endpoint-radio }
  - { name: printer, id: endpoint-printer }
`;

async function leg(text: string) {
  const { plan } = await load(declared + text);
  return Object.values(plan.routes)[0]?.to[0];
}

describe('sample', () => {
  it.each([
    ['a leg', 'routes: { socket: [{ to: printer, overflow: { policy: sample, every: 1.5s } }] }', 1500],
    ['a route', 'routes: { socket: { to: printer, overflow: { policy: sample, every: 100ms } } }', 100],
    ['all', 'defaults: { overflow: { policy: sample, every: 2m } }\nroutes: { socket: printer }', 120_000],
  ])('may be stated for %s', async (_, text, everyMs) => {
    expect(await leg(text)).toMatchObject({ overflow: 'sample', everyMs });
  });

  it('takes the period that is stated with the policy, and no other', async () => {
    const plan = await leg(`defaults: { overflow: { policy: sample, every: 1h } }
routes: { socket: { overflow: latest, to: [{ to: printer, overflow: { policy: sample, every: 20ms } }] } }`);
    expect(plan?.everyMs).toBe(20);
    const other = await leg(
      'routes: { socket: { overflow: { policy: sample, every: 1h }, to: [{ to: printer, overflow: latest }] } }',
    );
    expect(other).not.toHaveProperty('everyMs');
  });

  it.each(['within', 'beside'])('has a key %s it', async (where) => {
    const text =
      where === 'within'
        ? 'overflow: { policy: sample, every: 1s, key: payload.id }'
        : 'overflow: { policy: sample, every: 1s }, key: payload.id';
    const { routes, warnings } = await load(`${declared}routes: { socket: [{ to: printer, ${text} }] }`);
    const [branch] = routes.get('socket')?.branches ?? [];
    expect(branch?.plan.key).toBe('payload.id');
    expect(branch?.key).toBeTypeOf('function');
    expect(warnings).toEqual([]);
  });

  it('is printed in a form that loads to an equal plan', async () => {
    const text =
      'routes: { radio: [{ to: printer, overflow: { policy: sample, every: 90s, key: payload.a, buffer: 9 } }] }';
    const { plan } = await load(declared + text);
    expect((await load(printPlan(plan))).plan).toEqual(plan);
    expect(plan.routes['radio']?.to[0]).toMatchObject({
      key: 'payload.a',
      everyMs: 90_000,
      buffer: { messages: 9 },
    });
  });

  it('is explained as what it is: lossy, in order by key', async () => {
    const [route] = explain(
      await load(
        `${declared}routes: { socket: [{ to: printer, overflow: { policy: sample, every: 100ms, key: payload.a } }] }`,
      ),
    );
    expect(route?.pipeline.at(-1)?.detail).toMatch(/sample every 100ms by payload\.a; buffer/);
    expect(route?.guarantees[0]?.order.kept).toBe('key');
    expect(route?.guarantees[0]?.losses.map(({ text }) => text)).toContain(
      'the leg to printer acknowledges what it accepts, and keeps only the newest of each key',
    );
  });

  it.each([
    [
      'overflow: sample',
      'missing-key routes.socket[0].overflow: expected {policy: sample, every: 100ms}, found no time between two messages',
    ],
    [
      'overflow: { policy: sample }',
      'missing-key routes.socket[0].overflow.every: expected the time between two messages of a key, such as 100ms, found nothing',
    ],
    [
      'overflow: { policy: sample, every: 100 }',
      'invalid-value routes.socket[0].overflow.every: expected a duration such as 250ms, found 100',
    ],
    [
      'overflow: { policy: sample, every: 25h }',
      'invalid-value routes.socket[0].overflow.every: expected a duration of at most 1d, found "25h"',
    ],
    [
      'overflow: { policy: sample, every: [1s] }',
      'invalid-value routes.socket[0].overflow.every: expected the time between two messages of a key, such as 100ms, found a list',
    ],
    [
      'overflow: { policy: latest, every: 1s }',
      expect.stringMatching(/^unknown-key routes\.socket\[0\]\.overflow\.every: .*policy: sample/),
    ],
  ])('refuses %s', async (text, expected) => {
    const problems = await problemsOf(`${declared}routes: { socket: [{ to: printer, ${text} }] }`);
    expect(
      problems.map(({ code, place, text, suggestion = '' }) =>
        `${code} ${place.path}: ${text} ${suggestion}`.trim(),
      ),
    ).toEqual([expected]);
  });
});
