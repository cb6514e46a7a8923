/** Whatever stands in a file, reading it gives a configuration or a `ConfigurationError`, in bounded time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { graphOf, renderDot, renderMermaid } from '../../src/config/graph.ts';
import { type ConfigurationInput, loadConfiguration } from '../../src/config/load.ts';
import { printPlan } from '../../src/config/print.ts';
import { ConfigurationError, renderProblems } from '../../src/config/render.ts';
import { cpuTimer } from '../cpu-time.ts';
import { runs } from '../runs.ts';
import { fakeRegistry } from './fakes.ts';
import { configuration, type Tree } from './generated.ts';

async function attempt(input: ConfigurationInput): Promise<void> {
  const worked = cpuTimer();
  try {
    const configuration = await loadConfiguration(input, { registry: fakeRegistry(), env: { A: 'aaaa' } });
    printPlan(configuration);
    renderMermaid(graphOf(configuration));
    renderDot(graphOf(configuration));
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigurationError);
    const { problems } = thrown as ConfigurationError;
    expect(problems.length).toBeGreaterThan(0);
    if ('text' in input) for (const { place } of problems) expect(place.line).toBeGreaterThan(0);
    renderProblems(problems, { color: true, width: 60 });
  }
  expect(worked()).toBeLessThan(5_000);
}

const lexemes = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '- ',
        ': ',
        '? ',
        '\n',
        '\n  ',
        '\n    ',
        '{',
        '}',
        '[',
        ']',
        ', ',
        '&a ',
        '*a',
        '!t ',
        '|\n',
        '>\n',
        '"',
        "'",
        '#',
        '---\n',
        '...\n',
        '%a\n',
        '<<',
        '${A}',
        '${',
        '$${',
        '\t',
        '\r\n',
        '\ufeff',
        '\u0000',
        '\ud800',
        '\u2028',
        '~',
        '!!str ',
      ),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'plugins',
        'routes',
        'operators',
        'defaults',
        'name',
        'id',
        'to',
        'via',
        'from',
        'when',
        'key',
        'overflow',
        'buffer',
        'on-error',
        'endpoint-echo',
        'a',
        'pause',
        'latest',
        'filter',
        '1',
        '16MiB',
        'hosts',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  ),
  { maxLength: 60 },
);

/** A valid configuration in which one value, anywhere, is something else. */
const damaged = fc
  .tuple(
    configuration,
    fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
    fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
  )
  .map(([tree, way, value]) => damage(tree, way, value) as Tree);

function damage(tree: unknown, [step = 0, ...way]: readonly number[], value: unknown): unknown {
  if (typeof tree !== 'object' || tree === null) return value;
  const entries = Object.entries(tree);
  if (entries.length === 0) return value;
  const [key, inner] = entries[step % entries.length] as [string, unknown];
  const changed = way.length === 0 ? value : damage(inner, way, value);
  return Array.isArray(tree)
    ? tree.map((item, index) => (String(index) === key ? changed : item))
    : { ...tree, [key]: changed };
}

describe('loadConfiguration', () => {
  it('takes any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), (text) => attempt({ text })),
      runs({ quick: 0.5 }),
    );
  });

  it('takes any sequence of the signs and words of YAML', async () => {
    await fc.assert(
      fc.asyncProperty(lexemes, (parts) => attempt({ text: parts.join(''), file: 'any.yaml' })),
      runs({ quick: 0.5 }),
    );
  });

  it('takes any tree', async () => {
    const tree = fc.anything({
      maxDepth: 4,
      withNullPrototype: true,
      key: fc.constantFrom('plugins', 'routes', 'a', 'to', 'name', 'id', '__proto__', 'toString'),
    });
    await fc.assert(
      fc.asyncProperty(tree, async (tree) => {
        await attempt({ value: tree as Tree });
        await attempt({ value: { plugins: tree, routes: tree, operators: tree, defaults: tree } });
      }),
      runs({ quick: 0.5 }),
    );
  });

  it('takes a configuration with anything in place of a part', async () => {
    await fc.assert(
      fc.asyncProperty(damaged, (tree) => attempt({ value: tree })),
      runs({ quick: 0.5 }),
    );
  });

  it('takes a file with anything in place of a part', async () => {
    await fc.assert(
      fc.asyncProperty(damaged, async (tree) => {
        // What has no form in YAML has been tried as an object.
        let text: string;
        try {
          text = stringify(tree);
        } catch {
          return;
        }
        await attempt({ text });
      }),
      // What is made of the text is tried with objects, and what is no YAML with any text.
      runs({ quick: 0.2 }),
    );
  });
});
