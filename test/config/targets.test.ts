/** Patterns in `to:`, what they come to and what they must be. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/config/explain.ts';
import { graphOf } from '../../src/config/graph.ts';
import { printPlan } from '../../src/config/print.ts';
import { load, problemsOf } from './fakes.ts';

const declared = `
plugins:
  - { name: socket, id: endpoint-socket }
  - { name: a, id: endpoint-printer }
  - { name: b, id: endpoint-printer }
  - { name: c, id: endpoint-printer }
`;

async function route(to: string) {
  const { plan } = await load(`${declared}routes: { socket: { to: ${to} } }`);
  return plan.routes['socket'];
}

describe('patterns', () => {
  it.each([
    ['{ round-robin: [a, b] }', ['a', 'b'], [{ kind: 'round-robin', legs: [0, 1] }]],
    ['{ fallback: [a, b, c] }', ['a', 'b', 'c'], [{ kind: 'fallback', legs: [0, 1, 2] }]],
    ['{ hash: payload.id, over: [a, b] }', ['a', 'b'], [{ kind: 'hash', key: 'payload.id', legs: [0, 1] }]],
    ['[c, { fallback: [a, b] }]', ['c', 'a', 'b'], [0, { kind: 'fallback', legs: [1, 2] }]],
    [
      '[{ round-robin: [a, b] }, { fallback: [c, a] }]',
      ['a', 'b', 'c', 'a'],
      [
        { kind: 'round-robin', legs: [0, 1] },
        { kind: 'fallback', legs: [2, 3] },
      ],
    ],
    ['[a, b]', ['a', 'b'], undefined],
  ])('%s', async (to, sinks, targets) => {
    const plan = await route(to);
    expect(plan?.to.map(({ to }) => to)).toEqual(sinks);
    expect(plan?.targets).toEqual(targets);
  });

  it('take sinks in their full form', async () => {
    const plan = await route(
      '{ fallback: [{ to: a, when: payload.n > 1, overflow: latest, key: payload.id, retry: 3 }, b] }',
    );
    expect(plan?.to[0]).toMatchObject({
      to: 'a',
      when: 'payload.n > 1',
      overflow: 'latest',
      retry: { attempts: 3 },
    });
  });

  it.each(['{ round-robin: [a, b] }', '[c, { hash: payload.id, over: [a, { to: b, buffer: 5 }] }]'])(
    'are printed as they are read: %s',
    async (to) => {
      const { plan } = await load(`${declared}routes: { socket: { to: ${to} } }`);
      const printed = printPlan(plan);
      expect((await load(printed)).plan).toEqual(plan);
      expect(printPlan((await load(printed)).plan)).toBe(printed);
    },
  );

  it('are drawn and explained', async () => {
    const configuration = await load(
      `${declared}routes: { socket: { to: { hash: payload.id, over: [a, b] } } }`,
    );
    expect(graphOf(configuration).edges.map(({ label }) => label)).toEqual(['hash, pause', 'hash, pause']);
    const [socket] = explain(configuration);
    expect(socket?.pipeline.at(-1)?.detail).toMatch(/^hash; /);
    expect(socket?.guarantees[0]?.share).toBe(
      'each message goes to one of a and b, by payload.id; equal keys to the same one',
    );
    expect(socket?.guarantees[0]?.coupling).toBe(
      'a slow a holds socket once its leg is full, and so the other legs of this route',
    );
  });

  it.each([
    ['{ fallback: [a, b, c] }', 'each message goes to the first of a, b and c that is neither down nor full'],
    [
      '{ round-robin: [a, b] }',
      'each message goes to one of a and b, in turn; one that is down or full is left out',
    ],
  ])('are explained: %s', async (to, share) => {
    const [socket] = explain(await load(`${declared}routes: { socket: { to: ${to} } }`));
    expect(socket?.guarantees.map((guarantee) => guarantee.share)).toEqual(
      socket?.guarantees.map(() => share),
    );
    expect(socket?.guarantees[0]?.coupling).toContain('once its leg is full and no other can take it');
  });

  it.each([
    ['{ round-robin: a }', 'invalid-value routes.socket.to.round-robin: expected a list of sinks, found "a"'],
    [
      '{ round-robin: [a] }',
      'invalid-value routes.socket.to.round-robin: expected at least two sinks, found a list',
    ],
    ['{ fallback: [a, nobody] }', expect.stringMatching(/^unknown-name routes\.socket\.to\.fallback\[1\]: /)],
    ['{ hash: payload.id }', 'missing-key routes.socket.to.over: expected a list of sinks, found nothing'],
    [
      '{ over: [a, b] }',
      'missing-key routes.socket.to.hash: expected an expression such as payload.id, found nothing',
    ],
    [
      '{ to: a, over: [a, b], hash: payload.id }',
      'unknown-key routes.socket.to.to: expected a key of hash, found "to" | to is a key of a route',
    ],
    [
      '{ hash: "payload[", over: [a, b] }',
      expect.stringMatching(/^invalid-expression routes\.socket\.to\.hash: /),
    ],
    [
      '{ fallback: [a, b], buffer: 5 }',
      'unknown-key routes.socket.to.buffer: expected a key of fallback, found "buffer" | buffer is a key of a route',
    ],
    [
      '{ fallback: [a, { round-robin: [b, c] }] }',
      'invalid-value routes.socket.to.fallback[1]: expected a sink, or a map with to:, found a map | a pattern stands in the list of to: alone',
    ],
  ])('are refused: %s', async (to, expected) => {
    const problems = await problemsOf(`${declared}routes: { socket: { to: ${to} } }`);
    const [first] = problems.map(
      ({ code, place, text, suggestion }) =>
        `${code} ${place.path}: ${text}${suggestion ? ` | ${suggestion}` : ''}`,
    );
    expect(first).toEqual(expected);
  });
});
