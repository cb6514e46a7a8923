import { describe, expect, it } from 'vitest';
import { metaOf, recordOf } from '../../../plugins/endpoint-kafka/record.ts';
import { Message, type Meta } from '../../../src/core/message.ts';

/** What a consumer gets of what was written for a message. */
function back(payload: unknown, meta: Meta): { value: Buffer | null; meta: Meta } {
  const { key, value, headers, timestamp } = recordOf(Message.of(payload, meta), 5_000);
  const lane = { endpoint: 'e', lane: 'orders/2', topic: 'orders', partition: 2 };
  return { value, meta: metaOf(lane, 17, Number(timestamp), { key: key ?? null, headers: [...headers] }) };
}

describe('a record of Kafka', () => {
  it('carries the well known words of meta, those without a place of their own as headers', () => {
    const meta = {
      id: 'order-7',
      key: 'Kunde 12 ü',
      headers: { tenant: 'acme', __proto__: 'no', empty: '' },
      contentType: 'application/json',
      correlationId: 'c1',
      replyTo: 'answers',
      timestamp: 1_700_000_000_123,
    };
    expect(back('text', meta).meta).toMatchObject(meta);
    const names = [...recordOf(Message.of('text', meta), 0).headers.keys()].map(String);
    expect(names.sort()).toEqual([
      'araldo-id',
      'content-type',
      'correlation-id',
      'empty',
      'reply-to',
      'tenant',
    ]);
  });

  it('has its position as id, and the time of writing, where a message says neither', () => {
    expect(back('x', {}).meta).toEqual({
      endpoint: 'e',
      lane: 'orders/2',
      topic: 'orders',
      partition: 2,
      id: 'e/orders/2/17',
      offset: 17,
      timestamp: 5_000,
    });
  });

  it.each([-1, 1e300, Number.NaN, Number.POSITIVE_INFINITY])(
    'has the time of writing where %d is said to be the time',
    (timestamp) => {
      expect(recordOf(Message.of('x', { timestamp }), 5_000.5).timestamp).toBe(5_000n);
    },
  );

  it('keeps a key that is no text, as base64 on its way', () => {
    const key = Buffer.from([0xff, 0, 0xfe]);
    const read = metaOf({ lane: 't/0' }, 0, 0, { key, headers: [] });
    expect(read).toMatchObject({ key: key.toString('base64'), keyEncoding: 'base64' });
    expect(recordOf(Message.of('x', read), 0).key).toEqual(key);
  });

  it('reads a header that is no text as base64, and one without a value as empty', () => {
    const headers: [Buffer, Buffer | null][] = [
      [Buffer.from('b'), Buffer.from([0xff])],
      [Buffer.from('n'), null],
    ];
    expect(metaOf({ lane: 't/0' }, 0, 0, { key: null, headers }).headers).toEqual({ b: '/w==', n: '' });
  });

  it('is a tombstone only where the message says so', () => {
    expect(recordOf(Message.of(null, { key: 'k', tombstone: true }), 0).value).toBeNull();
    expect(() => recordOf(Message.of(null, { key: 'k' }), 0)).toThrow('expected bytes or text');
  });

  it('has an empty key where that is what the message has, and none where it has none', () => {
    expect(back('x', { key: '' }).meta.key).toBe('');
    expect(back('x', {}).meta).not.toHaveProperty('key');
  });
});
