import type { ConsumeMessage } from 'amqplib/callback_api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMetaReader, textOf } from '../../../plugins/endpoint-amqp/meta-reader.ts';
import { propertiesOf } from '../../../plugins/endpoint-amqp/properties.ts';
import type { Outlet } from '../../../plugins/endpoint-amqp/settings.ts';
import { Message, type Meta } from '../../../src/core/message.ts';
import { runs } from '../../runs.ts';

const outlet: Outlet = {
  exchange: '',
  exchangeType: undefined,
  routingKey: 'q',
  routingKeyFrom: undefined,
  allowedKeys: [],
  isMandatory: true,
  isPersistent: true,
  confirms: 'durable',
};

const base: Meta = { endpoint: 'it', lane: 'q' };

/** What RabbitMQ delivers of what was published. */
function delivered(properties: object, fields: object = {}): ConsumeMessage {
  const own = { exchange: '', routingKey: 'q', redelivered: false, deliveryTag: 1, consumerTag: 'c' };
  return { content: Buffer.alloc(0), fields: { ...own, ...fields }, properties } as unknown as ConsumeMessage;
}

const read = (properties: object, fields?: object): Meta =>
  createMetaReader(base)(delivered(properties, fields)).meta;

describe('endpoint-amqp › meta', () => {
  it('comes back as it was sent, whatever is in it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    const meta = fc.record(
      {
        id: fc.string({ minLength: 1, maxLength: 400 }),
        key: text,
        contentType: text,
        correlationId: text,
        replyTo: text,
        timestamp: fc.nat({ max: 2 ** 45 }),
        headers: fc.dictionary(
          fc
            .string({ minLength: 1, maxLength: 12 })
            .filter((name) => !/^(araldo-|content-|correlation-|reply-|CC$|BCC$)/.test(name)),
          text,
          { minKeys: 1, maxKeys: 4, noNullPrototype: true },
        ),
      },
      { requiredKeys: ['id'] },
    );
    fc.assert(
      fc.property(meta, (sent) => {
        const { exchange, routingKey, redelivered, endpoint, lane, ...came } = read(
          propertiesOf(Message.of('', sent), outlet),
        );
        expect([exchange, routingKey, redelivered, endpoint, lane]).toEqual(['', 'q', false, 'it', 'q']);
        expect(came).toEqual(sent);
      }),
      runs(),
    );
  });

  it('has seconds of AMQP as milliseconds, and a finer time only beside its own seconds', () => {
    expect(read({ timestamp: 1_700_000_000 }).timestamp).toBe(1_700_000_000_000);
    const header = (text: string) => ({ timestamp: 1_700_000_000, headers: { 'araldo-timestamp': text } });
    expect(read(header('1700000000123')).timestamp).toBe(1_700_000_000_123);
    expect(read(header('1600000000123')).timestamp).toBe(1_700_000_000_000);
    expect(read(header('soon')).timestamp).toBe(1_700_000_000_000);
  });

  it('counts deliveries as a quorum queue does, and as well as it can be known of others', () => {
    const count = (headers: object, redelivered: boolean) => read({ headers }, { redelivered }).deliveries;
    expect(count({ 'x-delivery-count': 0 }, false)).toBeUndefined();
    expect(count({ 'x-delivery-count': 3 }, true)).toBe(4);
    expect(count({}, true)).toBe(2);
    // Whoever publishes can write what he likes.
    expect(count({ 'x-delivery-count': 99 }, false)).toBeUndefined();
    expect(count({ 'x-delivery-count': 'many' }, true)).toBe(2);
    expect(read({ headers: { 'x-delivery-count': 0 } }).headers).toBeUndefined();
  });

  it('is shared by messages without properties, as long as their routing key is the same', () => {
    const reader = createMetaReader(base);
    const one = reader(delivered({ headers: { 'x-delivery-count': 0 } })).meta;
    expect(reader(delivered({})).meta).toBe(one);
    const other = reader(delivered({}, { routingKey: 'r' })).meta;
    expect(other).toEqual({ ...base, exchange: '', routingKey: 'r', redelivered: false });
    expect(reader(delivered({ messageId: 'm' })).meta.id).toBe('m');
  });

  it('has values of headers that are no text as text', () => {
    expect(textOf(7)).toBe('7');
    expect(textOf(true)).toBe('true');
    expect(textOf(null)).toBe('null');
    expect(textOf(Buffer.from('ü'))).toBe('ü');
    expect(textOf(Buffer.from([0xff, 0]))).toBe('/wA=');
    expect(textOf({ '!': 'timestamp', value: 1_700_000_000 })).toBe('2023-11-14T22:13:20.000Z');
    expect(textOf({ '!': 'timestamp', value: 1e18 })).toBe('1000000000000000000');
    expect(textOf({ '!': 'decimal', value: { places: 2, digits: 5 } })).toBe('0.05');
    expect(textOf([{ queue: 'q', time: { '!': 'timestamp', value: 0 } }])).toBe(
      '[{"queue":"q","time":"1970-01-01T00:00:00.000Z"}]',
    );
  });

  it('writes no header that RabbitMQ takes for an address or for its own', () => {
    const headers = {
      CC: 'a',
      BCC: 'b',
      'x-death': 'c',
      'x-delivery-count': '9',
      'araldo-key': 'd',
      kept: 'e',
    };
    expect(propertiesOf(Message.of('', { headers }), outlet).headers).toEqual({ kept: 'e' });
  });
});
