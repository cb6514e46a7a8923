/** Circles that a configuration is warned of, through channels, subjects and patterns of them. */
import { describe, expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

const declared = `
plugins:
  - { name: json, id: marshal-json }
  - { name: envelope, id: marshal-json, envelope: true }
  - { name: a, id: endpoint-redis, marshal: json, channel: a }
  - { name: all, id: endpoint-redis, marshal: json, subscribe: '*' }
  - { name: news, id: endpoint-redis, marshal: json, subscribe: 'news.*', publish: news.out }
  - { name: elsewhere, id: endpoint-redis, marshal: json, url: 'redis://other', subscribe: '*' }
  - { name: to-a, id: endpoint-redis, marshal: json, publish: a }
  - { name: wrapped, id: endpoint-redis, marshal: envelope, channel: w }
  - { name: browsers, id: endpoint-websocket, marshal: json }
  - { name: mock, id: endpoint-mock, channel: m }
`;

const registry = createRegistry(builtins);

async function warnings(routes: string): Promise<readonly string[]> {
  const { warnings } = await loadConfiguration({ text: `${declared}routes:\n${routes}` }, { registry });
  return warnings.map(({ text }) =>
    text
      .replace(/ is a circle in which every leg pauses.*/, ' waits')
      .replace(/ is a circle: .*/, ' is endless'),
  );
}

describe('circles', () => {
  it.each([
    ['a channel that is read again', '  a: [a]', ['a → a is endless']],
    ['a pattern that covers what is sent', '  all: [to-a]', ['all → all is endless']],
    ['a pattern of its own that covers what it sends', '  news: [news]', ['news → news is endless']],
    [
      'two routes, one of which reads by a pattern',
      '  browsers: [to-a]\n  all: [news]',
      ['all → all is endless'],
    ],
    ['a longer way', '  a: [news]\n  news: [to-a]', ['a → news → a is endless']],
    ['a map, which ends nothing', '  a: { via: [{ map: payload }], to: a }', ['a → a is endless']],
    [
      'a mock channel, where hops are counted, and that waits for itself',
      '  mock: [mock]',
      ['mock → mock waits'],
    ],
  ])('are found: %s', async (_, routes, expected) => {
    expect(await warnings(routes)).toEqual(expected);
  });

  it.each([
    ['no channel in common', '  a: [news]'],
    ['the same channel of another system', '  elsewhere: [to-a]'],
    ['a condition that may end it', '  a: [{ to: a, when: payload.hops < 3 }]'],
    ['a condition of the whole route', '  a: { to: a, when: payload.hops < 3 }'],
    ['a step that may end it', '  a: { via: [{ filter: payload.isNew }], to: a }'],
    ['an envelope, which carries the count of hops', '  wrapped: [wrapped]'],
    ['a mock channel that drops', '  mock: [{ to: mock, overflow: drop-oldest }]'],
    ['a WebSocket, which gives nothing back', '  browsers: [browsers]'],
  ])('are not found where there is %s', async (_, routes) => {
    expect(await warnings(routes)).toEqual([]);
  });
});
