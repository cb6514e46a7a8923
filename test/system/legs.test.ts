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
