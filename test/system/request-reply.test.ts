// Requests that come in by one endpoint, are answered by another, and find their way back.

import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { connect } from './support/peer.ts';
import { serve, type TestServer, until } from './support/server.ts';

function mock(araldo: TestServer, name: string): MockEndpoint {
  return araldo.server.endpoint<MockEndpoint>(name);
}

/** What asks, a backend that is code, and what it answers. */
const around = (ask: object, answers: object = {}) => ({
  plugins: [
    { name: 'ask', ...ask },
    { name: 'backend', id: 'endpoint-mock' },
    { name: 'answers', id: 'endpoint-mock', ...answers },
  ],
  routes: { ask: ['backend'], answers: ['ask'] },
});

describe('a peer that asks', () => {
  test('gets its own answer and no other peer does, once, whatever the answer says of peers', async () => {
    await using araldo = await serve(
      around({ id: 'endpoint-websocket', path: '/ask', reply: { timeout: '10s', max: 1_000 } }),
    );
    using ada = await connect(araldo.port, '/ask');
    using bob = await connect(araldo.port, '/ask');
    ada.send('from ada');
    bob.send('from bob');
    const backend = mock(araldo, 'backend');
    await until('both are asked', () => backend.sent.length === 2);
    const [first, second] = backend.sent;
    for (const { payload, meta } of [second!, first!]) {
      const { correlationId = '' } = meta;
      mock(araldo, 'answers').emit(`answer ${String(payload)}`, { correlationId, peer: first!.meta.peer! });
      mock(araldo, 'answers').emit('once more', { correlationId });
    }
    mock(araldo, 'answers').emit('to all', {});
    mock(araldo, 'answers').emit('by peer', { peer: first!.meta.peer! });
    expect(await ada.has(1)).toEqual(['answer from ada']);
    expect(await bob.has(1)).toEqual(['answer from bob']);
    await until('all is counted', async () =>
      Promise.all([
        araldo.metric('araldo_leg_discarded_total', { route: 'answers', reason: 'late' }),
        araldo.metric('araldo_leg_discarded_total', { route: 'answers', reason: 'no-request' }),
      ]).then(([late, strange]) => late === 2 && strange === 2),
    );
    expect(ada.received.length + bob.received.length).toBe(2);
    expect(await araldo.metric('araldo_requests_answered_total', { endpoint: 'ask' })).toBe(2);
  });

  test('is forgotten when it leaves or waits too long, and takes up its share alone', async () => {
    await using araldo = await serve(
      around({ id: 'endpoint-websocket', path: '/ask', reply: { timeout: '300ms', max: 20 } }),
    );
    const ask = araldo.server.endpoint('ask');
    const flood = await connect(araldo.port, '/ask');
    for (let n = 0; n < 30; n += 1) flood.send('me');
    await until('its share is taken', () => ask.requests?.refused === 14);
    expect(ask.requests).toMatchObject({ waiting: 16, asked: 16 });
    flood.socket.terminate();
    await until('it is forgotten', () => ask.requests?.forgotten === 16);
    using ada = await connect(araldo.port, '/ask');
    ada.send('anybody there?');
    await until('it has waited too long', () => ask.requests?.timedOut === 1);
    expect(ask.requests).toMatchObject({ waiting: 0 });
  });
});
