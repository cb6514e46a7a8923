// Steps within the options of a step, read with the operators that exist.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { graphOf } from '../../src/config/graph.ts';
import { type Configuration, ConfigurationError, loadConfiguration } from '../../src/config/load.ts';
import { printPlan } from '../../src/config/print.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-branching-'));
  await writeFile(join(folder, 'order.json'), '{ "type": "object", "required": ["id"] }');
  await writeFile(join(folder, 'broken.json'), '{ "type": "objekt" }');
  await writeFile(join(folder, 'look.ts'), 'export default () => () => undefined;');
  await writeFile(join(folder, 'throws.ts'), "throw new Error('not today');");
  await writeFile(join(folder, 'nothing.ts'), 'export const one = 1;');
});
afterAll(() => rm(folder, { recursive: true }));

const plugins = `
plugins: [{ name: orders, id: endpoint-mock }, { name: archive, id: endpoint-mock }]`;

function load(text: string): Promise<Configuration> {
  const source = { text: `${plugins}\n${text}`, file: join(folder, 'araldo.yaml') };
  return loadConfiguration(source, { registry: createRegistry(builtins) });
}

async function problemsOf(text: string): Promise<readonly string[]> {
  try {
    await load(text);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    return thrown.problems.map(
      ({ code, text, place }) => `${code} ${place?.path} ${place?.line}:${place?.column} ${text}`,
    );
  }
}

const routes = `
operators:
  clean: [{ filter: payload.qty > 0 }, split: payload.items]
routes:
  orders:
    via:
      - switch:
          cases:
            - { when: payload.kind == "order", via: [clean, { use: map, with: payload.id }] }
            - when: payload.kind == "list"
              via:
                - switch: { cases: [{ when: has(payload.a), via: [distinct] }], unmatched: discard }
          unmatched: pass
    to: archive
`;

describe('steps within a step', () => {
  it('are found, their chains resolved, and printed in the normal form, which loads to an equal plan', async () => {
    const { plan, routes: parts } = await load(routes);
    expect(plan.routes['orders']?.via[0]?.with).toEqual({
      cases: [
        {
          when: 'payload.kind == "order"',
          via: [{ filter: 'payload.qty > 0' }, { split: 'payload.items' }, { map: 'payload.id' }],
        },
        {
          when: 'payload.kind == "list"',
          via: [{ switch: { cases: [{ when: 'has(payload.a)', via: ['distinct'] }], unmatched: 'discard' } }],
        },
      ],
      unmatched: 'pass',
    });
    const [step] = parts.get('orders')?.steps ?? [];
    expect(step?.inner.map(({ plan }) => plan.use)).toEqual(['filter', 'split', 'map', 'switch']);
    const text = printPlan(plan);
    const again = await loadConfiguration(
      { text, file: join(folder, 'araldo.yaml') },
      {
        registry: createRegistry(builtins),
      },
    );
    expect(again.plan).toEqual(plan);
  });

  it('are drawn as the ways of a message', async () => {
    const { nodes, edges } = graphOf((await load(routes)).plan);
    const name = new Map(nodes.map(({ id, label }, place) => [id, `${label}${place}`]));
    const drawn = edges.map(({ from, to, label }) => `${name.get(from)} → ${name.get(to)} ${label}`.trim());
    expect(drawn).toEqual([
      'orders0 → switch2',
      'switch2 → filter3 payload.kind == "order"',
      'filter3 → split4',
      'split4 → map5',
      'switch2 → switch6 payload.kind == "list"',
      'switch6 → distinct7 has(payload.a)',
      'map5 → archive1 pause',
      'distinct7 → archive1 pause',
      'switch2 → archive1 otherwise, pause',
    ]);
  });

  it('are wrong at their own place', async () => {
    const text = `
routes:
  orders:
    via:
      - switch:
          cases:
            - when: payload.a
              via: [{ filtr: payload.a }, { split: { max: 0 } }, { delay: 5 }]
          unmatched: pass
    to: archive
`;
    const place = 'routes.orders.via[0].switch.cases[0].via';
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(
        `^unknown-name ${place}[0].*no operator or chain has this name`.replaceAll(/[[\]]/g, '\\$&'),
      ),
      expect.stringContaining(`invalid-value ${place}[1].split.max 10:`),
      expect.stringContaining(`invalid-value ${place}[2].delay 10:`),
    ]);
  });

  it('cannot make a chain go round in a circle', async () => {
    const text = `
operators:
  round: [{ switch: { cases: [{ when: "true", via: [round] }], unmatched: pass } }]
routes: { orders: archive }
`;
    expect(await problemsOf(text)).toEqual([
      expect.stringContaining('expected chains without a circle, found round → round'),
    ]);
  });

  it('count as steps of the route', async () => {
    const cases = `{ when: "true", via: [${'distinct, '.repeat(130)}] }`;
    const text = `
routes:
  orders:
    via: [{ switch: { cases: [${cases}], unmatched: pass } }, { switch: { cases: [${cases}], unmatched: pass } }]
    to: archive
`;
    expect(await problemsOf(text)).toEqual([expect.stringContaining('expected at most 256 steps')]);
  });
});

describe('files that options name', () => {
  it.each([['validate: ./order.json'], ['tap: ./look.ts'], ['enrich: { use: ./look.ts, key: id }']])(
    'are found beside the configuration: %s',
    async (step) => {
      expect(await problemsOf(`routes: { orders: { via: [{ ${step} }], to: archive } }`)).toEqual([]);
    },
  );

  it.each([
    ['validate: ./none.json', /^unreadable-file .*\.validate 3:39 \.\/none\.json could not be read: ENOENT/],
    ['validate: ./broken.json', /^invalid-value .*\.validate 3:39 expected a JSON Schema: /],
    ['validate: { schema: ./broken.json }', /\.validate\.schema 3:49 expected a JSON Schema: /],
    ['tap: ./none.ts', /^unknown-name .*\.tap 3:34 expected a file with a default export, relative to/],
    ['tap: ./nothing.ts', /^unknown-name .*\.tap .* found none at \.\/nothing\.ts/],
    [
      'enrich: { use: ./order.json, key: id }',
      /\.enrich\.use 3:44 expected \.\/order\.json to export a function/,
    ],
    [
      'enrich: { use: ./throws.ts, key: id }',
      /^plugin-invalid .*\.enrich .*could not be imported: not today/,
    ],
  ])('are told from those that do not serve: %s', async (step, problem) => {
    expect(await problemsOf(`routes: { orders: { via: [{ ${step} }], to: archive } }`)).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});
