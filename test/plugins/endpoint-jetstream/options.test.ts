import { describe, expect, it } from 'vitest';
import { readDelivery } from '../../../plugins/endpoint-jetstream/delivery.ts';
import plugin from '../../../plugins/endpoint-jetstream/index.ts';
import { createMessageIds } from '../../../plugins/endpoint-jetstream/message-id.ts';
import { Message } from '../../../src/core/message.ts';
import type { Sender } from '../../../src/core/sink.ts';
import { optionsOf } from '../options-of.ts';

const { problems, capabilities } = optionsOf(plugin);

describe('endpoint-jetstream › options', () => {
  it('need something to read or to write, and the stream where it is needed', async () => {
    expect(await problems({ stream: 'S' })).toHaveLength(1);
    expect(await problems({ durable: 'd' })).toEqual(['stream: expected stream beside durable']);
    expect(await problems({ publish: 'a', create: { subjects: ['a'] } })).toEqual([
      'stream: expected stream beside create',
    ]);
    expect(await problems({ publish: 'a', filter: 'a' })).toEqual(['filter: expected durable beside filter']);
    expect(await problems({ publish: 'a' })).toEqual([]);
    expect(await problems({ stream: 'S', durable: 'd' })).toEqual([]);
  });

  it('take names that are one token of a subject', async () => {
    for (const name of ['a.b', 'a b', 'a*', '>', '', 'a/b']) {
      expect(await problems({ stream: name, durable: 'd' })).toHaveLength(1);
      expect(await problems({ stream: 'S', durable: name })).toHaveLength(1);
    }
  });
});

describe('endpoint-jetstream › capabilities', () => {
  it('are those of the roles that it has', async () => {
    const both = await capabilities({
      stream: 'ORDERS',
      durable: 'd',
      publish: 'orders.new',
      create: { subjects: ['orders.>'] },
    });
    expect(both.source).toMatchObject({ canPause: true, acks: true, redelivers: true, scope: 'once' });
    expect(both.sink?.confirms).toBe('durable');
    expect(both.writesTo).toEqual([
      'nats://127.0.0.1:4222/stream ORDERS',
      'nats://127.0.0.1:4222/orders.new',
    ]);
    expect(both.readsFrom).toContain('nats://127.0.0.1:4222/orders.new');
    expect((await capabilities({ publish: 'a' })).source).toBeUndefined();
    expect((await capabilities({ stream: 'S', durable: 'd' })).sink).toBeUndefined();
  });
});

describe('endpoint-jetstream › delivery', () => {
  const expected = { stream: 'S', deliveries: 3, sequence: 17, place: 21, timestamp: 1_700_000_000_123 };
  it.each([
    ['$JS.ACK.S.c.3.17.21.1700000000123456789.5', expected],
    ['$JS.ACK.hub.HASH.S.c.3.17.21.1700000000123456789.5.token', expected],
    ['$JS.ACK.S.c.x.17.21.1700000000123456789.5', undefined],
    ['_INBOX.a', undefined],
    ['', undefined],
  ])('%s', (reply, delivery) => {
    expect(readDelivery(reply)).toEqual(delivery);
  });
});

describe('endpoint-jetstream › message ids', () => {
  const leg = (name: string): Sender => ({ name }) as Sender;
  const message = Message.of('x', { id: '7', endpoint: 'orders' });

  it('are the same for a message and a leg, in each run', () => {
    for (const idOf of [createMessageIds(), createMessageIds()]) {
      expect(idOf(message, leg('r → a'))).toBe('r → a orders 7');
    }
  });

  it('differ where legs, sources or positions do', () => {
    const idOf = createMessageIds();
    const a = leg('a');
    const ids = [
      idOf(message, a),
      idOf(message, leg('b')),
      idOf(Message.of('x', { id: '8', endpoint: 'orders' }), a),
      idOf(Message.of('x', { id: '7', endpoint: 'other' }), a),
      idOf(Message.of('x'), a),
      idOf(Message.of('x'), a),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are none where two legs have one name: each would lose what the other has sent', () => {
    const idOf = createMessageIds();
    const [first, second] = [leg('r → a'), leg('r → a')];
    expect(idOf(message, first)).toBeDefined();
    expect(idOf(message, second)).toBeUndefined();
    expect(idOf(message, first)).toBeUndefined();
  });
});
