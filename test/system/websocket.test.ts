import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { connect } from './support/peer.ts';
import { serve, until } from './support/server.ts';

const json = { name: 'json', id: 'marshal-json' };
const mock = (name: string) => ({ name, id: 'endpoint-mock' });

describe('endpoint-websocket', () => {
  test('carries what one peer says to all others, and not back to it', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'chat', id: 'endpoint-websocket', path: '/chat' }],
      routes: { chat: ['chat'] },
    });
    using ada = await connect(araldo.port, '/chat');
    using bob = await connect(araldo.port, '/chat');
    using eve = await connect(araldo.port, '/chat');
    ada.send('hello');
    bob.send('hi, Ada');
    expect(await bob.has(1)).toEqual(['hello']);
    expect(await ada.has(1)).toEqual(['hi, Ada']);
    expect(new Set(await eve.has(2))).toEqual(new Set(['hello', 'hi, Ada']));
    expect(ada.received).toEqual(['hi, Ada']);
  });

  test('sends a message back to its sender as well where echo is true', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'chat', id: 'endpoint-websocket', path: '/chat', echo: true }],
      routes: { chat: ['chat'] },
    });
    using ada = await connect(araldo.port, '/chat');
    ada.send('hello');
    expect(await ada.has(1)).toEqual(['hello']);
  });

  test('keeps text text and binary binary, of any size', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'chat', id: 'endpoint-websocket', path: '/chat' }],
      routes: { chat: ['chat'] },
    });
    using ada = await connect(araldo.port, '/chat');
    using bob = await connect(araldo.port, '/chat');
    const payloads = ['text ✓', Buffer.from('bytes that happen to be text'), Buffer.from([0xff, 0, 1])];
    const long = [125, 126, 65_535, 65_536, 1_048_576].map((length) => 'x'.repeat(length));
    for (const payload of [...payloads, ...long, '']) ada.send(payload);
    expect(await bob.has(9)).toEqual([...payloads, ...long, '']);
  });

  test('does not mix two paths on one port', async () => {
    await using araldo = await serve({
      plugins: [
        { name: 'red', id: 'endpoint-websocket', path: '/red', echo: true },
        { name: 'blue', id: 'endpoint-websocket', path: '/blue', echo: true },
      ],
      routes: { red: ['red'], blue: ['blue'] },
    });
    using red = await connect(araldo.port, '/red');
    using blue = await connect(araldo.port, '/blue');
    for (let number = 0; number < 20; number += 1) {
      red.send(`red ${number}`);
      blue.send(`blue ${number}`);
    }
    expect((await red.has(20)).every((text) => String(text).startsWith('red'))).toBe(true);
    expect((await blue.has(20)).every((text) => String(text).startsWith('blue'))).toBe(true);
    await expect(connect(araldo.port, '/green')).rejects.toThrow('status 404');
  });

  test('makes rooms of a path with parameters', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'rooms', id: 'endpoint-websocket', path: '/rooms/:room' }],
      routes: { rooms: ['rooms'] },
    });
    using ada = await connect(araldo.port, '/rooms/kitchen');
    using bob = await connect(araldo.port, '/rooms/kitchen');
    using eve = await connect(araldo.port, '/rooms/cellar');
    using mat = await connect(araldo.port, '/rooms/cellar');
    ada.send('in the kitchen');
    eve.send('in the cellar');
    expect(await bob.has(1)).toEqual(['in the kitchen']);
    expect(await mat.has(1)).toEqual(['in the cellar']);
    expect([ada.received, eve.received]).toEqual([[], []]);
  });

  test('sends an answer to the one who asked where reach is peer', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'clients', id: 'endpoint-websocket', path: '/', reach: 'peer' }].map((plugin) => ({
        ...plugin,
        path: '/ask',
      })),
      routes: { clients: { via: [{ map: '"you said " + payload' }], to: ['clients'] } },
    });
    using ada = await connect(araldo.port, '/ask');
    using bob = await connect(araldo.port, '/ask');
    ada.send('one');
    bob.send('two');
    expect(await ada.has(1)).toEqual(['you said one']);
    expect(await bob.has(1)).toEqual(['you said two']);
  });

  test('closes a peer that sends too big a message with 1009, and takes one that just fits', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'chat', id: 'endpoint-websocket', path: '/chat', 'max-payload': '1KiB', echo: true }],
      routes: { chat: ['chat'] },
    });
    using fits = await connect(araldo.port, '/chat');
    using tooBig = await connect(araldo.port, '/chat');
    fits.send('x'.repeat(1024));
    await fits.has(1);
    tooBig.send('x'.repeat(1025));
    expect(await tooBig.closed).toBe(1009);
    expect(fits.socket.readyState).toBe(fits.socket.OPEN);
    expect(araldo.server.endpoint('chat').peers?.refused).toEqual({ 'too-big': 1 });
  });

  test('refuses a page of another origin with 403 and says once what would admit it', async () => {
    await using araldo = await serve({
      plugins: [
        { name: 'chat', id: 'endpoint-websocket', path: '/chat' },
        { name: 'open', id: 'endpoint-websocket', path: '/open', origins: ['https://app.example'] },
      ],
      routes: { chat: ['chat'], open: ['open'] },
    });
    const from = (origin: string) => ({ headers: { origin } });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(connect(araldo.port, '/chat', from('https://evil.example'))).rejects.toThrow('status 403');
    }
    await expect(connect(araldo.port, '/chat', from('null'))).rejects.toThrow('status 403');
    using same = await connect(araldo.port, '/chat', from(`http://127.0.0.1:${araldo.port}`));
    using listed = await connect(araldo.port, '/open', from('https://app.example'));
    expect([same.socket.readyState, listed.socket.readyState]).toEqual([1, 1]);
    const lines = araldo.log.filter(({ msg }) => String(msg).includes('origins: ["https://evil.example"]'));
    expect(lines).toHaveLength(1);
  });

  test('counts a malformed payload, logs it at a limited rate, and goes on', async () => {
    await using araldo = await serve({
      plugins: [json, { name: 'in', id: 'endpoint-websocket', path: '/in' }, mock('out'), mock('dead')],
      routes: { in: { to: ['out'], 'on-error': { 'dead-letter': 'dead' } } },
    });
    using peer = await connect(araldo.port, '/in');
    for (let number = 0; number < 50; number += 1) peer.send('{"not json');
    peer.send('{"good":true}');
    await until('the good one arrives', () => araldo.server.status().routes[0]?.forwarded === 1);
    const { sent } = araldo.server.endpoint<MockEndpoint>('dead');
    const dead = sent.map(({ payload, meta }) => [payload, (meta['error'] as { code: string }).code]);
    expect(dead).toHaveLength(50);
    expect(dead[0]).toEqual(['{"not json', 'malformed-payload']);
    expect(araldo.log.filter(({ code }) => code === 'malformed-payload').length).toBeLessThanOrEqual(3);
    expect(await araldo.metric('araldo_route_dead_total', { route: 'in' })).toBe(50);
    expect(peer.socket.readyState).toBe(peer.socket.OPEN);
  });

  test('costs one message when a step throws', async () => {
    await using araldo = await serve({
      plugins: [json, { name: 'in', id: 'endpoint-websocket', path: '/in', echo: true }],
      routes: { in: { via: [{ map: 'payload.a.b' }], to: ['in'] } },
    });
    using peer = await connect(araldo.port, '/in');
    for (const payload of ['{"a":{"b":1}}', '{"a":{}}', '{"a":{"b":2}}']) peer.send(payload);
    expect(await peer.has(2)).toEqual(['1', '2']);
  });

  test('confirms to nobody when no peer is connected: discarded as no-peer, or held', async () => {
    await using araldo = await serve({
      plugins: [
        { ...mock('source') },
        { name: 'open', id: 'endpoint-websocket', path: '/open' },
        { name: 'held', id: 'endpoint-websocket', path: '/held', 'when-empty': 'hold' },
      ],
      routes: { source: ['open', 'held'] },
    });
    const source = araldo.server.endpoint<MockEndpoint>('source');
    for (let number = 0; number < 3; number += 1) source.emit(`message ${number}`);
    await until('one sink has discarded all', async () => {
      const [open, held] = araldo.server.status().routes[0]?.legs ?? [];
      return open?.discarded['no-peer'] === 3 && held?.held === 3;
    });
    using late = await connect(araldo.port, '/held');
    expect(await late.has(3)).toEqual(['message 0', 'message 1', 'message 2']);
  });

  test('says goodbye to its peers when the server stops, after what was sent to them', async () => {
    const araldo = await serve({
      plugins: [mock('source'), { name: 'out', id: 'endpoint-websocket', path: '/out' }],
      routes: { source: ['out'] },
    });
    using peer = await connect(araldo.port, '/out');
    const source = araldo.server.endpoint<MockEndpoint>('source');
    for (let number = 0; number < 1_000; number += 1) source.emit(String(number));
    const left = await araldo.server.stop();
    expect(left).toEqual({ unsettled: 0, undelivered: 0, onDisk: 0 });
    expect(await peer.closed).toBe(1001);
    expect(peer.received).toHaveLength(1_000);
  });
});
