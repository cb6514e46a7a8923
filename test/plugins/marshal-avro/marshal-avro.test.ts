import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plugin } from '../../../plugins/marshal-avro/index.ts';
import type { Marshaller } from '../../../src/core/marshaller.ts';
import type { OptionFiles } from '../../../src/core/option-files.ts';
import type { PluginContext } from '../../../src/core/plugin.ts';
import { marshallerLaws } from '../../../src/testing/index.ts';
import { cpuTimer } from '../../cpu-time.ts';
import { reasonOf } from '../../formats/reason.ts';
import { runs } from '../../runs.ts';
import { runPython } from '../../servers/python.ts';
import { describeWith } from '../../servers/requires.ts';

const filesOf = (texts: Readonly<Record<string, string>>): OptionFiles => ({
  read: (path) => Promise.resolve(texts[path] ?? ''),
  load: () => Promise.reject(new Error('nothing is loaded')),
});

async function prepared(options: object, texts: Readonly<Record<string, string>> = {}) {
  const parsed = await plugin.options['~standard'].validate(options);
  if (parsed.issues !== undefined) return { issues: parsed.issues };
  return await plugin.prepare?.(parsed.value, filesOf(texts));
}

async function avro(options: object, texts?: Readonly<Record<string, string>>): Promise<Marshaller> {
  const result = await prepared(options, texts);
  if (result === undefined || !('value' in result)) throw new Error(JSON.stringify(result));
  return plugin.create(result.value, { name: 'orders' } as PluginContext);
}

const issueOf = async (options: object, texts?: Readonly<Record<string, string>>) =>
  (await prepared(options, texts))?.issues?.[0];

const schema = {
  type: 'record',
  name: 'shop.Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'qty', type: 'int' },
    { name: 'total', type: 'long' },
    { name: 'weight', type: 'double' },
    { name: 'paid', type: 'boolean' },
    { name: 'raw', type: 'bytes' },
    { name: 'mac', type: { type: 'fixed', name: 'Mac', size: 3 } },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'SENT'] } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'counts', type: { type: 'map', values: 'long' } },
    { name: 'note', type: ['null', 'string'] },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 2 } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'parent', type: ['null', 'shop.Order'], default: null },
  ],
};

const orders = await avro({ schema });
const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((some) => some.isWellFormed());
const day = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const plain = { noNullPrototype: true };
const price = fc.tuple(
  fc.bigInt({ min: 1n - 10n ** 18n, max: 10n ** 18n - 1n }),
  fc.integer({ min: 0, max: 99 }),
);
const values = fc.letrec((tie) => ({
  order: fc.record(
    {
      id: text,
      qty: fc.integer(),
      total: fc.maxSafeInteger(),
      weight: fc.double(),
      paid: fc.boolean(),
      raw: fc.uint8Array({ maxLength: 9 }),
      mac: fc.uint8Array({ minLength: 3, maxLength: 3 }),
      state: fc.constantFrom('OPEN', 'SENT'),
      tags: fc.array(text, { maxLength: 3 }),
      counts: fc.dictionary(
        fc.oneof(text, fc.constantFrom('constructor', 'toString')).filter((key) => key !== '__proto__'),
        fc.maxSafeInteger(),
        { ...plain, maxKeys: 3 },
      ),
      note: fc.option(text),
      price: price
        .filter(([whole]) => whole !== 0n)
        .map(([whole, cents]) => `${whole}.${String(cents).padStart(2, '0')}`),
      day: day.map((iso) => iso.slice(0, 10)),
      // Within what microseconds in a double reach.
      at: fc
        .date({ min: new Date('1700-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString().replace('Z', '017Z')),
      parent: fc.option(tie('order'), { maxDepth: 2, depthSize: 'small' }),
    },
    plain,
  ),
})).order;

describe('law 20: marshal-avro', () => {
  for (const law of marshallerLaws('marshal-avro', { marshaller: orders, values })) {
    it(law.name, () => law.check(runs({ share: 0.15, quick: 0.5 })));
  }
});

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

async function hexOf(type: unknown, value: unknown, more: object = {}): Promise<string> {
  const marshaller = await avro({
    schema: { type: 'record', name: 'R', fields: [{ name: 'a', type }] },
    ...more,
  });
  const bytes = marshaller.marshal({ a: value });
  expect(marshaller.unmarshal(bytes)).toEqual({ a: value });
  return Buffer.from(bytes).toString('hex');
}

describe('marshal-avro', () => {
  // Golden bytes after the specification, "Binary Encoding".
  it.each([
    ['long', 0, '00'],
    ['long', -64, '7f'],
    ['long', 64, '8001'],
    ['string', 'foo', '06666f6f'],
    [{ type: 'array', items: 'long' }, [3, 27], '04063600'],
    [['null', 'string'], 'a', '020261'],
    [['null', 'string'], null, '00'],
    [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }, '12.50', '0404e2'],
    [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }, '-0.01', '02ff'],
    [{ type: 'fixed', name: 'F', size: 3, logicalType: 'decimal', precision: 4 }, '-2', 'fffffe'],
    [{ type: 'int', logicalType: 'date' }, '1970-01-02', '02'],
    [{ type: 'int', logicalType: 'time-millis' }, '00:00:01.000', 'd00f'],
    [{ type: 'long', logicalType: 'timestamp-millis' }, '1969-12-31T23:59:59.999Z', '01'],
    [{ type: 'long', logicalType: 'local-timestamp-micros' }, '1970-01-01T00:00:00.000001', '02'],
    [
      { type: 'string', logicalType: 'uuid' },
      '2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d',
      '4832633565613463302d343036372d313165392d386261642d396231646562346433623764',
    ],
  ])('writes %j as the specification says', async (type, value, hex) => {
    expect(await hexOf(type, value)).toBe(hex);
  });

  it('leaves logical types what they are made of, where asked', async () => {
    expect(await hexOf({ type: 'int', logicalType: 'date' }, 1, { 'logical-types': 'underlying' })).toBe(
      '02',
    );
  });

  it.each([
    ['"null"', '8a8f25cce724dd63'],
    ['"int"', '8f5c393f1ad57572'],
    ['"string"', 'c70345637248018f'],
  ])('writes the fingerprint of %s before single objects', async (type, fingerprint) => {
    const single = await avro({ schema: './a.avsc', encoding: 'single-object' }, { './a.avsc': type });
    const value = type === '"null"' ? null : type === '"int"' ? 1 : 'a';
    const bytes = Buffer.from(single.marshal(value));
    expect(bytes.subarray(0, 10).toString('hex')).toBe(`c301${fingerprint}`);
    expect(single.unmarshal(bytes)).toBe(value);
    expect(
      reasonOf(() => single.unmarshal(Buffer.concat([bytesOf('c3010000000000000000'), bytes.subarray(10)]))),
    ).toContain('malformed-payload: Avro: expected the header c301');
  });

  it('writes and expects the id of a schema registry', async () => {
    const registered = await avro(
      { schema: './a.avsc', encoding: 'confluent', 'schema-id': 258 },
      { './a.avsc': '"int"' },
    );
    expect(Buffer.from(registered.marshal(1)).toString('hex')).toBe('000000010202');
    expect(registered.unmarshal(bytesOf('000000010202'))).toBe(1);
    expect(reasonOf(() => registered.unmarshal(bytesOf('000000010302')))).toContain('found 0000000103');
    expect(reasonOf(() => registered.unmarshal(bytesOf('0000')))).toContain('an end too early');
  });

  it('reads by another schema what was written by an older one', async () => {
    const record = (fields: readonly object[]) => ({ type: 'record', name: 'R', fields });
    const marshaller = await avro({
      schema: record([
        { name: 'a', type: 'int' },
        { name: 'b', type: 'string' },
      ]),
      'reader-schema': record([
        { name: 'c', type: 'string', default: 'new' },
        { name: 'a', type: 'long' },
      ]),
    });
    expect(marshaller.unmarshal(bytesOf('02 0261'))).toEqual({ a: 1, c: 'new' });
    expect(
      await issueOf({ schema: record([]), 'reader-schema': record([{ name: 'a', type: 'int' }]) }),
    ).toMatchObject({
      path: ['reader-schema'],
    });
  });

  const nulls = { type: 'array', items: 'null' };
  it.each([
    ['a boolean of two', 'boolean', '02', 'a boolean that is neither 0 nor 1'],
    ['text that is not UTF-8', 'string', '02ff', 'text that is not UTF-8'],
    ['an int of 33 bits', 'int', '808080802 0'.replaceAll(' ', ''), 'an int of more than 32 bits'],
    ['a long of eleven bytes', 'long', 'ffffffffffffffffffff01', 'a number of more than 64 bits'],
    [
      'a long that a double does not hold',
      'long',
      '82808080808080 20'.replaceAll(' ', ''),
      '9007199254740993, which is no number',
    ],
    ['a branch that is not there', ['null', 'int'], '04', 'the branch 2 of 2'],
    ['a symbol that is not there', { type: 'enum', name: 'E', symbols: ['A'] }, '02', 'the symbol 1 of 1'],
    ['a negative length', 'bytes', '01', 'a negative length'],
    ['__proto__', { type: 'map', values: 'int' }, '02125f5f70726f746f5f5f0000', 'the key "__proto__"'],
    ['more after the value', 'null', '00', 'more after the value'],
    [
      'a list that says it is huge',
      { type: 'array', items: 'int' },
      'feffffffffffffffff01',
      'an end too early',
    ],
    ['nulls that say they are many', nulls, 'feffffffffffffffff01', 'more than 65536 items without bytes'],
    [
      'a block of another size',
      { type: 'array', items: 'int' },
      '010402 00',
      'a block of another size than it says',
    ],
  ])('refuses %s', async (_what, type, hex, reason) => {
    const marshaller = await avro({ schema: { type: 'record', name: 'R', fields: [{ name: 'a', type }] } });
    const worked = cpuTimer();
    expect(reasonOf(() => marshaller.unmarshal(bytesOf(hex)))).toContain(reason);
    expect(worked()).toBeLessThan(1_000);
  });

  it('refuses more levels than any value may have', async () => {
    const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] };
    const endless = { type: 'record', name: 'L', fields: [{ name: 'next', type: 'L' }] };
    const marshaller = await avro({ schema: list });
    expect(reasonOf(() => marshaller.unmarshal(Buffer.alloc(100_000, 2)))).toContain('more than 64 levels');
    const hopeless = await avro({ schema: endless });
    expect(reasonOf(() => hopeless.unmarshal(Buffer.alloc(0)))).toContain('more than 64 levels');
    const cycle: { next?: unknown } = {};
    cycle.next = cycle;
    expect(reasonOf(() => marshaller.marshal(cycle))).toContain('more than 64 levels');
  });

  it('says where a value is not of the schema, without quoting it', () => {
    const order = fc.sample(values, 1)[0] as object;
    const refused = (more: object) => reasonOf(() => orders.marshal({ ...order, parent: null, ...more }));
    expect(refused({ qty: 'hunter2' })).toBe(
      'unmarshallable-payload: Avro: expected int as qty, found other text',
    );
    expect(refused({ tags: ['a', 1] })).toBe(
      'unmarshallable-payload: Avro: expected string as tags.1, found 1',
    );
    expect(refused({ price: '1.234' })).toContain('as price');
    expect(refused({ day: '2026-02-30' })).toContain('as day');
    expect(refused({ more: 1 })).toContain('shop.Order');
  });

  it('says what is wrong with its options', async () => {
    expect(await issueOf({ schema: './a.avsc' }, { './a.avsc': '{' })).toMatchObject({ path: ['schema'] });
    expect((await issueOf({ schema: { type: 'lost' } }))?.message).toContain('expected an Avro schema');
    expect(await issueOf({ schema, encoding: 'confluent' })).toMatchObject({ path: ['encoding'] });
    expect(await issueOf({ schema, 'schema-id': 1 })).toMatchObject({ path: ['schema-id'] });
  });
});

const script = `
import base64, io, json, sys
import avro.schema
from avro.io import BinaryDecoder, BinaryEncoder, DatumReader, DatumWriter
schema = avro.schema.parse(sys.argv[1])
for line in sys.stdin:
    datum = DatumReader(schema).read(BinaryDecoder(io.BytesIO(base64.b64decode(line))))
    out = io.BytesIO()
    DatumWriter(schema).write(datum, BinaryEncoder(out))
    print(json.dumps([datum['id'], str(datum['price']), datum['day'].isoformat(), datum['at'].isoformat(), base64.b64encode(out.getvalue()).decode()]))
`;

describeWith(['python3-avro'], "marshal-avro and Apache's library for Python", () => {
  it('read what the other writes', async () => {
    await using python = runPython(script, { args: [JSON.stringify(schema)] });
    for (const value of fc.sample(values, 50)) {
      python.send(Buffer.from(orders.marshal(value)).toString('base64'));
      const [id, cost, date, at, bytes] = JSON.parse(await python.line()) as [
        string,
        string,
        string,
        string,
        string,
      ];
      expect({ id, price: cost, day: date }).toMatchObject({ id: (value as { id: string }).id });
      expect(cost).toBe((value as { price: string }).price);
      expect(date).toBe((value as { day: string }).day);
      expect(at.slice(0, 26)).toBe((value as { at: string }).at.slice(0, 26));
      expect(orders.unmarshal(Buffer.from(bytes, 'base64'))).toEqual(orders.unmarshal(orders.marshal(value)));
    }
  });
});
