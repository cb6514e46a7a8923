// What stands between the steps and the sinks of a route, through a whole server.

import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { serve, type TestServer, until } from './support/server.ts';
import { legsAddUp } from './support/sums.ts';

function mock(araldo: TestServer, name: string): MockEndpoint {
  return araldo.server.endpoint<MockEndpoint>(name);
}

function payloadsOf(araldo: TestServer, name: string): unknown[] {
  return [...mock(araldo, name).sent].map(({ payload }) => payload);
}

const mocks = (...names: string[]) => names.map((name) => ({ name, id: 'endpoint-mock' }));

describe('patterns', () => {
  test('fallback gives to the second while the first is full, and back to the first when it can', async () => {
    await using araldo = await serve({
      plugins: mocks('source', 'first', 'second'),
      routes: { source: { to: { fallback: [{ to: 'first', buffer: 2 }, 'second'] } } },
    });
    await until('they are open', () => mock(araldo, 'second').state === 'open');
    mock(araldo, 'first').stall();
    for (const payload of [1, 2, 3, 4]) mock(araldo, 'source').emit(payload);
    await until('the second has the rest', () => mock(araldo, 'second').sent.length === 2);
    mock(araldo, 'first').proceed();
    await until('the first has its own', () => mock(araldo, 'first').sent.length === 2);
    mock(araldo, 'source').emit(5);
    await until('and the next', () => mock(araldo, 'first').sent.length === 3);
    expect([payloadsOf(araldo, 'first'), payloadsOf(araldo, 'second')]).toEqual([
      [1, 2, 5],
      [3, 4],
    ]);
    await legsAddUp(araldo);
  });

  test('hash keeps a key together, round-robin shares out, and a sink beside them gets all', async () => {
    await using araldo = await serve({
      plugins: mocks('source', 'a', 'b', 'c', 'd', 'all'),
      routes: {
        source: [{ hash: 'payload.key', over: ['a', 'b'] }, { 'round-robin': ['c', 'd'] }, 'all'],
      },
    });
    for (let n = 0; n < 100; n += 1) mock(araldo, 'source').emit({ key: `key ${n % 10}`, n });
    await until('all have arrived', () => mock(araldo, 'all').sent.length === 100);
    const keysOf = (name: string) =>
      new Set(payloadsOf(araldo, name).map((payload) => (payload as { key: string }).key));
    const [a, b] = [keysOf('a'), keysOf('b')];
    expect([...a].filter((key) => b.has(key))).toEqual([]);
    expect(a.size + b.size).toBe(10);
    expect([mock(araldo, 'c').sent.length, mock(araldo, 'd').sent.length]).toEqual([50, 50]);
    await legsAddUp(araldo);
  });
});

describe('retry', () => {
  test('sends again what a sink refused, in order where the sink takes one at a time', async () => {
    await using araldo = await serve({
      plugins: mocks('source', 'sink'),
      routes: { source: [{ to: 'sink', retry: { attempts: 3, backoff: '1ms..4ms' } }] },
    });
    mock(araldo, 'sink').failNext(2);
    for (const payload of ['a', 'b', 'c']) mock(araldo, 'source').emit(payload);
    await until('all have arrived', () => mock(araldo, 'sink').sent.length === 3);
    expect(payloadsOf(araldo, 'sink')).toEqual(['a', 'b', 'c']);
    const [leg] = araldo.server.status().routes[0]?.legs ?? [];
    expect(leg).toMatchObject({ delivered: 3, failed: 0, retried: 2, retrying: 0, held: 0 });
    expect(await araldo.metric('araldo_leg_retried_total', { sink: 'sink' })).toBe(2);
  });

  test('gives what was refused too often to on-error', async () => {
    await using araldo = await serve({
      plugins: mocks('source', 'sink', 'dead'),
      routes: {
        source: {
          retry: { attempts: 2, backoff: '1ms..2ms' },
          to: ['sink'],
          'on-error': { 'dead-letter': 'dead' },
        },
      },
    });
    mock(araldo, 'sink').failNext(2);
    mock(araldo, 'source').emit('a');
    await until('it is a dead letter', () => mock(araldo, 'dead').sent.length === 1);
    expect(payloadsOf(araldo, 'sink')).toEqual([]);
    await legsAddUp(araldo);
    expect(mock(araldo, 'source').inbound.inFlight).toBe(0);
  });
});
