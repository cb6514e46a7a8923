// A message that fails, as a dead letter in an envelope, and from there back to where it came from.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { connect } from './support/peer.ts';
import { serve, type TestServer, until } from './support/server.ts';

const yaml = `server-port: 0
plugins:
  - { name: json, id: marshal-json }
  - { name: letters, id: marshal-json, envelope: true }
  - { name: orders, id: endpoint-websocket, path: /orders, marshal: json }
  - { name: archive, id: endpoint-mock }
  - { name: dead, id: endpoint-websocket, path: /dead, marshal: letters }
routes:
  orders:
    via:
      - map: '{"id": payload.id, "total": payload.qty * payload.price}'
    to:
      - { to: archive, retry: { attempts: 3, backoff: 1ms..2ms } }
    on-error: { dead-letter: dead }
`;

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-dead-'));
  file = join(folder, 'shop.yaml');
  await writeFile(file, yaml);
});
afterAll(() => rm(folder, { recursive: true }));

const archiveOf = ({ server }: TestServer): MockEndpoint => server.endpoint<MockEndpoint>('archive');
const letterOf = (text: unknown) => JSON.parse(String(text));

describe('a dead letter', () => {
  test('says what failed, where and how often, and how the message came', async () => {
    await using araldo = await serve(file);
    using undertaker = await connect(araldo.port, '/dead');
    using shop = await connect(araldo.port, '/orders');

    shop.send('{ "id": 1, "qty": 2 }');
    const [step] = (await undertaker.has(1)).map(letterOf);
    expect(step.payload).toEqual({ id: 1, qty: 2 });
    const { original, ...report } = step.meta.error;
    expect(report).toEqual({
      code: 'expression-failed',
      message: expect.stringContaining('step orders.via[0] map: '),
      route: 'orders',
      at: 'orders.via[0] map',
      place: 'shop.yaml:11:9',
      deliveries: 1,
    });
    expect(original).toEqual({
      id: step.id,
      meta: { endpoint: 'orders', peer: expect.any(String), lane: expect.any(String) },
      size: 21,
      text: '{ "id": 1, "qty": 2 }',
    });

    archiveOf(araldo).failNext(3);
    shop.send('{ "id": 2, "qty": 2, "price": 5 }');
    const [, leg] = (await undertaker.has(2)).map(letterOf);
    expect(leg.payload).toEqual({ id: 2, total: 10 });
    expect(leg.meta.error).toMatchObject({
      code: 'sink-rejected',
      at: 'orders → archive',
      place: 'shop.yaml:13:9',
      attempts: 3,
      original: { text: '{ "id": 2, "qty": 2, "price": 5 }' },
    });

    shop.send('{ "id": ');
    const [, , bytes] = (await undertaker.has(3)).map(letterOf);
    expect(bytes).toMatchObject({
      payload: '{ "id": ',
      meta: {
        error: {
          code: 'malformed-payload',
          at: 'unmarshal json',
          place: 'shop.yaml:9:3',
          original: { text: '{ "id": ' },
        },
      },
    });
    shop.send(Buffer.from([0xff, 0x00]));
    const [, , , binary] = (await undertaker.has(4)).map(letterOf);
    expect(binary).toMatchObject({
      payload: { base64: '/wA=' },
      meta: { error: { original: { size: 2, base64: '/wA=' } } },
    });
  });

  test('has the bytes of a message as large as its source lets in', async () => {
    await using araldo = await serve({
      plugins: [
        { name: 'json', id: 'marshal-json' },
        { name: 'orders', id: 'endpoint-websocket', path: '/orders', 'max-payload': '2MiB' },
        { name: 'archive', id: 'endpoint-mock' },
        { name: 'dead', id: 'endpoint-mock' },
      ],
      routes: { orders: { to: ['archive'], 'on-error': { 'dead-letter': 'dead' } } },
    });
    using shop = await connect(araldo.port, '/orders');
    const text = 'x'.repeat(2 * 1024 * 1024);
    shop.send(text);
    const dead = araldo.server.endpoint<MockEndpoint>('dead');
    await until('it is a dead letter', () => dead.sent.length === 1);
    expect(dead.sent[0]?.meta['error']).toMatchObject({ original: { size: text.length, text } });
  });

  test('is replayed by a route that sends what it came as', async () => {
    await using araldo = await serve(file);
    using undertaker = await connect(araldo.port, '/dead');
    using shop = await connect(araldo.port, '/orders');
    archiveOf(araldo).failNext(3);
    shop.send('{ "id": 2, "qty": 2, "price": 5 }');
    const [letter = ''] = await undertaker.has(1);

    await using replayer = await serve({
      plugins: [
        { name: 'letters', id: 'marshal-json', envelope: true },
        { name: 'dead', id: 'endpoint-websocket', path: '/dead', marshal: 'letters' },
        {
          name: 'orders',
          id: 'endpoint-websocket-client',
          url: `ws://127.0.0.1:${araldo.port}/orders`,
          marshal: 'none',
        },
      ],
      routes: {
        dead: {
          via: [{ filter: 'has(meta.error.original.text)' }, { map: 'meta.error.original.text' }],
          to: ['orders'],
        },
      },
    });
    await until('it is connected', () => replayer.server.endpoint('orders').state === 'open');
    using hand = await connect(replayer.port, '/dead');
    hand.send(letter);
    await until('it is archived', () => archiveOf(araldo).sent.length === 1);
    expect([...archiveOf(araldo).sent].map(({ payload }) => payload)).toEqual([{ id: 2, total: 10 }]);
  });
});
