// Requests that come in by one endpoint, are answered by another, and find their way back.

import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { Message } from '../../src/core/message.ts';
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

  describe('with an envelope', () => {
    const { plugins, routes } = around({
      id: 'endpoint-websocket',
      path: '/ask',
      reply: '10s',
      marshal: 'envelope',
    });
    const configuration = {
      plugins: [{ name: 'envelope', id: 'marshal-json', envelope: true }, ...plugins],
      routes,
    };
    const question = (payload: unknown, correlationId?: string): string =>
      JSON.stringify({ meta: { correlationId }, payload });
    const opened = (received: readonly (string | Buffer)[]): unknown[] =>
      received.map((text) => {
        const { meta, payload } = JSON.parse(String(text)) as {
          meta: { correlationId?: string };
          payload: unknown;
        };
        return [payload, meta.correlationId];
      });

    test('gets each answer with the correlation id that it gave, whoever else gives the same', async () => {
      await using araldo = await serve(configuration);
      using ada = await connect(araldo.port, '/ask');
      using bob = await connect(araldo.port, '/ask');
      ada.send(question('ada 1', 'first'));
      ada.send(question('ada 2', 'second'));
      ada.send(question('ada 3'));
      bob.send(question('bob 1', 'first'));
      const backend = mock(araldo, 'backend');
      await until('all are asked', () => backend.sent.length === 4);
      const ids = backend.sent.map(({ meta }) => meta.correlationId ?? '');
      expect(new Set(ids).size).toBe(4);
      for (const id of ids) expect(id).toMatch(/^araldo-/);
      for (const { payload, meta } of backend.sent.toReversed())
        mock(araldo, 'answers').emit(`to ${String(payload)}`, { correlationId: meta.correlationId! });
      expect(opened(await ada.has(3))).toEqual([
        ['to ada 3', undefined],
        ['to ada 2', 'second'],
        ['to ada 1', 'first'],
      ]);
      expect(opened(await bob.has(1))).toEqual([['to bob 1', 'first']]);
      expect(araldo.server.endpoint('ask').requests?.counts).toMatchObject({ answered: 4, waiting: 0 });
    });

    test('gets it from code too', async () => {
      await using araldo = await serve(configuration);
      using ada = await connect(araldo.port, '/ask');
      ada.send(question('ada', 'mine'));
      const backend = mock(araldo, 'backend');
      await until('it is asked', () => backend.sent.length === 1);
      const { correlationId } = backend.sent[0]!.meta;
      araldo.server.endpoint('ask').next(Message.of('by code', { correlationId: correlationId! }));
      expect(opened(await ada.has(1))).toEqual([['by code', 'mine']]);
    });

    test('is refused with a correlation id that is no id', async () => {
      await using araldo = await serve(configuration);
      using ada = await connect(araldo.port, '/ask');
      ada.send(question('much', 'x'.repeat(1_025)));
      ada.send(question('enough', 'x'.repeat(1_024)));
      const backend = mock(araldo, 'backend');
      await until('one is asked', () => backend.sent.length === 1);
      expect(backend.sent[0]?.payload).toBe('enough');
      const told = araldo.log.map(({ msg }) => String(msg)).join('\n');
      expect(told).toContain('expected a correlation id of 1024 characters at most, found one of 1025');
    });
  });

  test('by HTTP gets each correlation id back where it gave it', async () => {
    await using araldo = await serve({
      plugins: [
        { name: 'envelope', id: 'marshal-json', envelope: true },
        ...around({ id: 'endpoint-http', path: '/ask', reply: '10s', marshal: 'envelope' }).plugins,
      ],
      routes: { ask: ['backend'], answers: ['ask'] },
    });
    // No header could carry this one.
    const inside = 'in the\nbody';
    const response = fetch(`http://127.0.0.1:${araldo.port}/ask`, {
      method: 'POST',
      body: JSON.stringify({ meta: { correlationId: inside }, payload: 'question' }),
      headers: { 'correlation-id': 'in the header' },
    });
    const backend = mock(araldo, 'backend');
    await until('it is asked', () => backend.sent.length === 1);
    const { correlationId } = backend.sent[0]!.meta;
    mock(araldo, 'answers').emit('answer', { correlationId: correlationId! });
    const answer = await response;
    expect(answer.headers.get('correlation-id')).toBe('in the header');
    expect(await answer.json()).toMatchObject({ meta: { correlationId: inside }, payload: 'answer' });
  });

  test('is forgotten when it leaves or waits too long, and takes up its share alone', async () => {
    await using araldo = await serve(
      around({ id: 'endpoint-websocket', path: '/ask', reply: { timeout: '300ms', max: 20 } }),
    );
    const ask = araldo.server.endpoint('ask');
    const flood = await connect(araldo.port, '/ask');
    for (let n = 0; n < 30; n += 1) flood.send('me');
    await until('its share is taken', () => ask.requests?.counts.refused === 14);
    expect(ask.requests?.counts).toMatchObject({ waiting: 16, asked: 16 });
    flood.socket.terminate();
    await until('it is forgotten', () => ask.requests?.counts.forgotten === 16);
    using ada = await connect(araldo.port, '/ask');
    ada.send('anybody there?');
    await until('it has waited too long', () => ask.requests?.counts.timedOut === 1);
    expect(ask.requests?.counts).toMatchObject({ waiting: 0 });
  });
});
