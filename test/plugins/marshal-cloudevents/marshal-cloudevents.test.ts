import fc from 'fast-check';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { marshal } from '../../../operators/marshal.ts';
import { unmarshal } from '../../../operators/unmarshal.ts';
import type { HeaderStyle } from '../../../plugins/marshal-cloudevents/headers.ts';
import { createCloudEvents, plugin } from '../../../plugins/marshal-cloudevents/index.ts';
import type { Carriage, Marshaller } from '../../../src/core/marshaller.ts';
import { Message, type Meta } from '../../../src/core/message.ts';
import { Wire } from '../../../src/core/wire.ts';
import { marshallerLaws } from '../../../src/testing/index.ts';
import { reasonOf } from '../../formats/reason.ts';
import { runs } from '../../runs.ts';

function events(options: object = {}): Marshaller {
  const result = plugin.options['~standard'].validate(options);
  if (result instanceof Promise || result.issues !== undefined) throw new Error('expected valid options');
  return createCloudEvents('events', result.value);
}

function carriageOf(options: object = {}): Carriage {
  const { carriage } = events(options);
  if (carriage === undefined) throw new Error('expected a carriage');
  return carriage;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const event = { specversion: '1.0', id: 'A1', source: '/shop', type: 'com.example.order' };
const styles: readonly HeaderStyle[] = ['http', 'kafka', 'amqp', 'mqtt'];

/** Any JSON that our JSON takes: −0 becomes 0, and there are keys that it refuses. */
const values = fc
  .jsonValue()
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

const nearly = fc
  .record(
    {
      specversion: fc.constantFrom('1.0', '0.3', 1),
      id: fc.oneof(fc.string(), fc.integer()),
      source: fc.string(),
      type: fc.string(),
      time: fc.oneof(fc.constant('2026-11-23T09:00:00Z'), fc.string()),
      data: fc.jsonValue(),
      data_base64: fc.base64String(),
      extra: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .map(json);

describe('law 20: marshal-cloudevents', () => {
  const laws = [
    ...marshallerLaws('structured', { marshaller: events(), values, nearly }),
    ...marshallerLaws('binary', { marshaller: events({ mode: 'binary' }), values, nearly }),
  ];
  for (const law of laws) it(law.name, () => law.check(runs({ share: 0.2, quick: 0.5 })));
});

/** Meta that an event has a place for. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
  .filter((some) => !/\p{Cc}/u.test(some) && some.isWellFormed());
const metas: fc.Arbitrary<Meta> = fc.record(
  {
    key: text,
    correlationId: text,
    timestamp: fc.integer({ min: 0, max: 4e12 }),
    headers: fc.constant({ 'X-Tenant': 'acme' }),
    event: fc.record({
      id: text,
      source: fc.constant('/shop'),
      type: fc.constant('t'),
      subject: text,
      extra: text,
    }),
  },
  { requiredKeys: ['event', 'headers'], noNullPrototype: true },
);

describe('marshal-cloudevents', () => {
  it.each(['structured', ...styles])('gives back the meta of an event: %s', (style) => {
    const carriage = carriageOf(style === 'structured' ? {} : { mode: 'binary', headers: style });
    fc.assert(
      fc.property(metas, values, (meta, payload) => {
        const packed = carriage.pack(payload, { ...meta, id: 'position' });
        const { headers, contentType } = packed.meta;
        const again = carriage.unpack(packed.bytes, {
          headers: headers ?? {},
          ...(contentType !== undefined && { contentType }),
        });
        expect(again.payload).toEqual(payload);
        const { event: attributes, ...rest } = again.meta;
        expect(attributes).toMatchObject(meta['event'] as object);
        const { event: given, ...others } = meta;
        expect(rest).toMatchObject({ ...others, id: `/shop#${(given as { id: string }).id}` });
        expect(again.meta.headers).toEqual(meta.headers);
      }),
      runs({ share: 0.1 }),
    );
  });

  it('writes attributes as the HTTP binding says', () => {
    const { meta, bytes } = carriageOf({ mode: 'binary' }).pack(
      { a: 1 },
      { event: { ...event, someattr: 'Euro € 😀 50% "x"' }, timestamp: Date.UTC(2026, 10, 23), key: 'k' },
    );
    expect(Buffer.from(bytes).toString()).toBe('{"a":1}');
    expect(meta.contentType).toBe('application/json');
    expect(meta.headers).toEqual({
      'ce-specversion': '1.0',
      'ce-id': 'A1',
      'ce-source': '/shop',
      'ce-type': 'com.example.order',
      'ce-time': '2026-11-23T00:00:00.000Z',
      'ce-partitionkey': 'k',
      'ce-someattr': 'Euro%20%E2%82%AC%20%F0%9F%98%80%2050%25%20%22x%22',
    });
  });

  it.each([
    ['kafka', 'ce_id'],
    ['amqp', 'cloudEvents:id'],
    ['mqtt', 'id'],
  ])('writes the headers of %s as %s', (headers, name) => {
    const { meta } = carriageOf({ mode: 'binary', headers }).pack('x', { event });
    expect(meta.headers).toHaveProperty([name], 'A1');
  });

  it('reads both prefixes of AMQP', () => {
    const headers = {
      cloudEvents_specversion: '1.0',
      cloudEvents_id: '1',
      'cloudEvents:source': '/s',
      cloudEvents_type: 't',
    };
    const { meta } = carriageOf({ mode: 'binary', headers: 'amqp' }).unpack(json(1), { headers });
    expect(meta['event']).toEqual({ id: '1', source: '/s', type: 't' });
  });

  it('reads a structured event in binary mode, by its content type', () => {
    const meta = { contentType: 'application/cloudevents+json; charset=utf-8' };
    const read = carriageOf({ mode: 'binary' }).unpack(
      json({ ...event, datacontenttype: 'text/plain', data: 'hi' }),
      meta,
    );
    expect(read).toEqual({
      payload: 'hi',
      meta: {
        id: '/shop#A1',
        contentType: 'text/plain',
        event: { id: 'A1', source: '/shop', type: 'com.example.order' },
      },
    });
  });

  it('lets what the source knows win, and keeps the id of the event', () => {
    const { meta } = carriageOf().unpack(json({ ...event, partitionkey: 'theirs' }), {
      id: '0-17',
      key: 'ours',
    });
    expect(meta).toMatchObject({ id: '0-17', key: 'ours', event: { id: 'A1' } });
    expect(JSON.parse(Buffer.from(carriageOf().pack(1, meta).bytes).toString())).toMatchObject({
      id: 'A1',
      partitionkey: 'ours',
      data: 1,
    });
  });

  it('gives what came in without an event the source and type of its options', () => {
    const { bytes } = carriageOf({ source: '/shop', type: 'order' }).pack(Buffer.from('hi'), { id: '0-17' });
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
      specversion: '1.0',
      id: '0-17',
      source: '/shop',
      type: 'order',
      data_base64: 'aGk=',
    });
  });

  it('keeps a time that is finer than milliseconds', () => {
    const time = '2026-11-23T09:00:00.123456789+01:00';
    const { meta } = carriageOf().unpack(json({ ...event, time }), {});
    expect(meta.timestamp).toBe(Date.parse('2026-11-23T08:00:00.123Z'));
    const again = (timestamp: number) =>
      JSON.parse(Buffer.from(carriageOf().pack(1, { ...meta, timestamp }).bytes).toString()) as {
        time: string;
      };
    expect(again(meta.timestamp as number).time).toBe(time);
    expect(again(0).time).toBe('1970-01-01T00:00:00.000Z');
  });

  it('travels through unmarshal and marshal; bytes that nobody changed stay as they were', () => {
    const headers = {
      'CE-SpecVersion': '1.0',
      'ce-id': 'A1',
      'ce-source': '/shop',
      'ce-type': 't',
      'X-Tenant': 'acme',
    };
    const binary = events({ mode: 'binary' });
    const bytes = Buffer.from('{ "a" : 1 }');
    const message = Message.of<unknown>(bytes, { headers, contentType: 'application/json' }).withWire(
      bytes,
      Wire.of(bytes),
    );
    const seen: Message[] = [];
    of(message)
      .pipe(unmarshal(binary))
      .subscribe((read) => seen.push(read));
    of(...seen)
      .pipe(marshal(binary))
      .subscribe((made) => seen.push(made));
    expect(seen[0]?.payload).toEqual({ a: 1 });
    expect(seen[0]?.meta.headers).toEqual({ 'X-Tenant': 'acme' });
    expect(seen[1]?.wire?.bytes).toBe(bytes);
    expect(seen[1]?.meta.headers).toMatchObject({ 'ce-id': 'A1', 'X-Tenant': 'acme' });
  });

  it.each([
    ['no event', {}, 'text as id, found nothing'],
    ['another version', { ...event, specversion: '0.3' }, 'specversion 1.0, found "0.3"'],
    ['an empty source', { ...event, source: '' }, 'text as source, found ""'],
    ['a name in capitals', { ...event, Extra: 1 }, 'a name of lower-case letters and digits'],
    [
      'a list as an attribute',
      { ...event, extra: [] },
      'text, a whole number, true or false as extra, found a list',
    ],
    ['a control character', { ...event, extra: 'a\nb' }, 'text, a whole number, true or false as extra'],
    ['a time that is none', { ...event, time: 'noon' }, 'a time such as'],
    ['base64 that is none', { ...event, data_base64: '!' }, 'base64 as data_base64'],
    ['data twice', { ...event, data: 1, data_base64: '' }, 'data or data_base64, found both'],
    ['a list', [], 'an event as a map, found a list'],
  ])('refuses %s', (_what, value, reason) => {
    expect(reasonOf(() => events().unmarshal(json(value)))).toContain(
      `malformed-payload: CloudEvents: expected ${reason}`,
    );
  });

  it('refuses a batch, and binary events without headers', () => {
    const carriage = carriageOf({ mode: 'binary' });
    expect(reasonOf(() => carriage.unpack(json(1), {}))).toContain('the header ce-specversion, found none');
    const contentType = 'application/cloudevents-batch+json';
    expect(reasonOf(() => carriage.unpack(json([]), { contentType }))).toContain('found a batch');
  });

  it('never sets a prototype by the name of an attribute', () => {
    expect(reasonOf(() => events().unmarshal(Buffer.from('{"__proto__":{"polluted":1}}')))).toContain(
      '__proto__',
    );
    const headers = { 'ce-specversion': '1.0', 'ce-__proto__': 'x' };
    reasonOf(() => carriageOf({ mode: 'binary' }).unpack(json(1), { headers }));
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
