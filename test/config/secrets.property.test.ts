/** Law 22, for what config writes: no value of a variable appears in problems, frames, prints or drawings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphOf, renderDot, renderMermaid } from '../../src/config/graph.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { printPlan } from '../../src/config/print.ts';
import { ConfigurationError, renderProblems, renderWarnings } from '../../src/config/render.ts';
import { runs } from '../runs.ts';
import { fakeRegistry, load, problemsOf } from './fakes.ts';

const secret = fc.oneof(
  fc.string({
    unit: fc.constantFrom('q', 'Q', 'z', '7', '"', '\\', '{', ' ', 'é', '/', '%', "'"),
    minLength: 8,
    maxLength: 90,
  }),
  fc.string({ unit: fc.constantFrom('7', '8', '9'), minLength: 8, maxLength: 15 }),
  fc
    .string({ unit: fc.constantFrom('q', 'z'), minLength: 8, maxLength: 12 })
    .map((text) => `payload.${text} >`),
);

/** Every place at which config reads a scalar, each with a value that may be right or wrong for it. */
const places = [
  'server-port: ${S}',
  'server-host: ${S}',
  'log-level: ${S}',
  'hosts: ["${S}", 5]',
  'defaults: { marshal: "${S}" }',
  'defaults: { overflow: "${S}" }',
  'defaults: { buffer: "${S}" }',
  'plugins: [{ name: "${S}", id: endpoint-clock }, { name: "${S}", id: endpoint-clock }]',
  'plugins: [{ name: a, id: "${S}" }]',
  'plugins: [{ name: a, id: "./${S}" }]',
  'plugins: [{ name: a, id: endpoint-queue, url: "${S}" }]\nroutes: { a: [a] }',
  'plugins: [{ name: a, id: endpoint-queue, url: "x${S}y", tries: 99 }]',
  'plugins: [{ name: a, id: endpoint-socket, path: "${S}" }]',
  'plugins: [{ name: a, id: endpoint-socket, path: "/${S}" }, { name: b, id: endpoint-socket, path: "/${S}" }]',
  'plugins: [{ name: a, id: endpoint-socket, frames: "${S}" }]',
  'plugins: [{ name: a, id: endpoint-socket, max-payload: "${S}" }]',
  'plugins: [{ name: a, id: endpoint-socket, ping: { every: "${S}" } }]',
  'plugins: [{ name: a, id: endpoint-socket, ping: "${S}" }]',
  'plugins: [{ name: a, id: endpoint-socket, origins: "${S}" }]',
  'plugins: [{ name: a, id: endpoint-socket, marshal: "${S}" }]',
  'operators: { a: ["${S}"] }',
  'operators: { a: [{ filter: "${S}" }] }',
  'operators: { a: [{ use: "${S}", with: "${S}" }] }',
  'operators: { a: [{ tag: "${S}" }] }',
  'routes: { a: ["${S}"] }',
  'routes: { a: { from: "${S}", to: [b] } }',
  ...[
    '{ when: "${S}", to: a }',
    '{ when: "payload == \'${S}\'", to: a }',
    '{ key: "${S}", to: a }',
    '{ on-error: "${S}", to: a }',
    '[{ to: a, overflow: latest, key: "\'${S}\'" }]',
    '{ to: a, overflow: { policy: "${S}" } }',
    '{ to: a, via: [{ tag: { with: "${S}" } }, { filter: "payload == \'${S}\'" }] }',
  ].map(
    (route) => `plugins: [{ name: a, id: endpoint-echo, channel: "${'${S}'}" }]\nroutes: { a: ${route} }`,
  ),
] as const;

describe('the value of a variable', () => {
  it('appears in nothing that config writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), secret, async (text, secret) => {
        const written = await everythingWritten(text, secret);
        // What is public, such as a name or a port, may be printed; in problems it is hidden as well.
        const isPublic =
          /^(?:server|log|hosts|defaults|plugins: \[\{ name: "|plugins: \[\{ name: a, id: "|.*marshal)/.test(
            text,
          );
        if (isPublic && !written.isProblem) return;
        for (const beginning of [secret, JSON.stringify(secret).slice(1, -1), secret.slice(0, 8)]) {
          expect(written.text).not.toContain(beginning);
        }
      }),
      runs(),
    );
  });

  it('is hidden also where a message quotes no more than its beginning', async () => {
    const text = 'plugins: [{ name: a, id: endpoint-socket, ping: { every: "${S}" } }]';
    const [problem] = await problemsOf(text, { env: { S: 'hush'.repeat(50) } });
    expect(problem?.text).toBe('expected a duration such as 250ms, found the value of ${S}');
  });

  it('is not told by what may have been meant', async () => {
    const problems = await problemsOf('log-level: ${S}\nroutes: { a: { to: "${S}" } }', {
      env: { S: 'infoo' },
    });
    expect(problems.map(({ text, suggestion }) => [text, suggestion])).toContainEqual([
      'expected debug, info, warning, error or fatal, found the value of ${S}',
      undefined,
    ]);
  });

  it('is hidden in print, and shown on demand', async () => {
    const configuration = await load(
      'plugins:\n  - name: a\n    id: endpoint-queue\n    url: redis://:${S}@host\n    tries: 7\n',
      { env: { S: 'hush "hush"' } },
    );
    expect(printPlan(configuration)).toContain('url: redis://:[redacted]@host');
    const shown = printPlan(configuration, { reveal: true });
    expect((await load(shown)).plan).toEqual(configuration.plan);
  });
});

async function everythingWritten(
  text: string,
  secret: string,
): Promise<{ text: string; isProblem: boolean }> {
  try {
    const configuration = await loadConfiguration({ text }, { registry: fakeRegistry(), env: { S: secret } });
    const graph = graphOf(configuration);
    const parts = [
      printPlan(configuration),
      renderMermaid(graph),
      renderDot(graph),
      renderWarnings(configuration.warnings),
    ];
    return { text: parts.join('\n'), isProblem: false };
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    const parts = [thrown.message, JSON.stringify(thrown.problems), renderProblems(thrown.problems)];
    return { text: parts.join('\n'), isProblem: true };
  }
}
