/** What `retry` of a leg and a route comes to. */
import { describe, expect, it } from 'vitest';
import { load, problemsOf } from './fakes.ts';

const declared = `
plugins:
  - { name: socket, id: endpoint-socket }
  - { name: printer, id: endpoint-printer }
  - { name: echo, id: endpoint-echo }
`;

async function retryOf(route: string) {
  const { plan } = await load(`${declared}routes: { socket: ${route} }`);
  return plan.routes['socket']?.to.map(({ retry }) => retry);
}

const usual = { attempts: 5, minMs: 100, maxMs: 10_000, inOrder: false };

describe('retry', () => {
  it.each([
    ['[printer]', [undefined]],
    [
      '[{ to: printer, retry: { attempts: 3, backoff: 1s..1m } }]',
      [{ ...usual, attempts: 3, minMs: 1_000, maxMs: 60_000 }],
    ],
    ['[{ to: printer, retry: {} }]', [usual]],
    ['[{ to: printer, retry: 7 }]', [{ ...usual, attempts: 7 }]],
    ['[{ to: printer, retry: { in-order: true } }]', [{ ...usual, inOrder: true }]],
    ['[{ to: printer, retry: { backoff: 1s .. 1s } }]', [{ ...usual, minMs: 1_000, maxMs: 1_000 }]],
    // A route's is that of each leg which has none of its own; one attempt is none at all.
    [
      '{ retry: 3, to: [printer, { to: echo, retry: 2 }] }',
      [
        { ...usual, attempts: 3 },
        { ...usual, attempts: 2, inOrder: true },
      ],
    ],
    ['{ retry: 3, to: [printer, { to: printer, retry: 1 }] }', [{ ...usual, attempts: 3 }, undefined]],
    // A sink that takes one message at a time keeps order for nothing.
    ['[{ to: echo, retry: 5 }]', [{ ...usual, inOrder: true }]],
    ['[{ to: echo, retry: { in-order: false } }]', [usual]],
  ])('%s', async (route, expected) => {
    expect(await retryOf(route)).toEqual(expected);
  });

  it.each([
    ['retry: 0', 'invalid-value retry: expected an integer from 1 to 1000, found 0'],
    [
      'retry: yes',
      'invalid-value retry: expected attempts (5) or {attempts: 5, backoff: 100ms..10s}, found "yes"',
    ],
    [
      'retry: { attemps: 1 }',
      'unknown-key retry.attemps: expected a key of retry, found "attemps" | did you mean attempts?',
    ],
    [
      'retry: { backoff: 1s }',
      'invalid-value retry.backoff: expected the shortest and the longest pause, such as 100ms..10s, found "1s"',
    ],
    ['retry: { backoff: 1s..2s..3s }', expect.stringMatching(/such as 100ms\.\.10s/)],
    [
      'retry: { backoff: 2s..1s }',
      'invalid-value retry.backoff: expected the shorter pause first, found "2s..1s" | 1s..2s',
    ],
    [
      'retry: { backoff: 0ms..1s }',
      'invalid-value retry.backoff: expected a duration of at least 1ms, found "0ms"',
    ],
    [
      'retry: { backoff: 1s..2d }',
      'invalid-value retry.backoff: expected a duration of at most 1d, found "2d"',
    ],
    [
      'retry: { backoff: 1s..soon }',
      'invalid-value retry.backoff: expected a duration such as 250ms, found "soon"',
    ],
    [
      'attempts: 3',
      'unknown-key attempts: expected a key of a leg, found "attempts" | attempts is a key of retry',
    ],
  ])('refuses %s', async (retry, expected) => {
    const problems = await problemsOf(`${declared}routes: { socket: [{ to: printer, ${retry} }] }`);
    const texts = problems.map(({ code, place, text, suggestion }) => {
      const path = place.path?.replace('routes.socket[0].', '');
      return `${code} ${path}: ${text}${suggestion ? ` | ${suggestion}` : ''}`;
    });
    expect(texts).toEqual([expected]);
  });
});
