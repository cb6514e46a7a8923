import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plugin } from '../../../plugins/marshal-protobuf/index.ts';
import { AraldoError } from '../../../src/core/errors.ts';
import type { Marshaller } from '../../../src/core/marshaller.ts';
import type { OptionFiles } from '../../../src/core/option-files.ts';
import type { PluginContext } from '../../../src/core/plugin.ts';
import { marshallerLaws } from '../../../src/testing/index.ts';
import { reasonOf } from '../../formats/reason.ts';
import { runs } from '../../runs.ts';
import { runPython } from '../../servers/python.ts';
import { describeWith } from '../../servers/requires.ts';

const folder = import.meta.dirname;

function filesIn(texts: Readonly<Record<string, string>> = {}): OptionFiles {
  return {
    read: async (path) => texts[path] ?? (await readFile(join(folder, path), 'utf8')),
    load: () => Promise.reject(new Error('nothing is loaded')),
  };
}

async function prepared(options: object, texts?: Readonly<Record<string, string>>) {
  const parsed = await plugin.options['~standard'].validate(options);
  if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues));
  return await plugin.prepare?.(parsed.value, filesIn(texts));
}

async function protobuf(options: object, texts?: Readonly<Record<string, string>>): Promise<Marshaller> {
  const result = await prepared(options, texts);
  if (result === undefined || result.issues !== undefined)
    throw new AraldoError('invalid-value', JSON.stringify(result));
  return plugin.create(result.value, { name: 'orders' } as PluginContext);
}

const issueOf = async (options: object, texts?: Readonly<Record<string, string>>) =>
  (await prepared(options, texts))?.issues?.[0];

const shop = { proto: './order.proto', type: 'shop.Order' };
const orders = await protobuf(shop);
const numbers = await protobuf({ ...shop, int64: 'number' });
const strict = await protobuf({ ...shop, 'unknown-fields': 'refuse' });

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((some) => some.isWellFormed());
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((some) => some !== 0n);
const key = fc
  .oneof(text, fc.constantFrom('constructor', 'toString', 'valueOf'))
  .filter((some) => some !== '__proto__');
const some = { noNullPrototype: true, maxKeys: 3 };
const values = fc.letrec((tie) => ({
  order: fc
    .record(
      {
        orderId: text,
        qty: fc.integer({ min: 1 }),
        delta: long.map(String),
        total: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String),
        weight: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((weight) => weight !== 0),
        ratio: fc.float({ noNaN: true, noDefaultInfinity: true }).filter((ratio) => ratio !== 0),
        paid: fc.constant(true),
        raw: fc
          .uint8Array({ minLength: 1, maxLength: 9 })
          .map((bytes) => Buffer.from(bytes).toString('base64')),
        state: fc.constantFrom('PAID', 'SENT', 7),
        tags: fc.array(fc.oneof(text, fc.constant('')), { minLength: 1, maxLength: 3 }),
        stamps: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), {
          minLength: 1,
          maxLength: 3,
        }),
        counts: fc.dictionary(key, long.map(String), { ...some, minKeys: 1 }),
        prices: fc.dictionary(key, fc.record({ currency: text, units: long.map(String) }, some), {
          ...some,
          minKeys: 1,
        }),
        at: fc
          .date({
            min: new Date('0001-01-01T00:00:00Z'),
            max: new Date('9999-12-31T23:59:59Z'),
            noInvalidDate: true,
          })
          .map((date) => date.toISOString().replace('.000Z', 'Z')),
        extra: fc.dictionary(key, fc.oneof(text, fc.boolean(), fc.constant(null), fc.array(text)), some),
        maybe: fc.integer(),
        states: fc.array(fc.constantFrom('UNKNOWN', 'PAID'), { minLength: 1, maxLength: 3 }),
        person: fc.oneof(text, fc.constant('')),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .chain((order) =>
      fc
        .option(tie('order'), { nil: undefined, maxDepth: 3, depthSize: 'small' })
        .map((parent) => (parent === undefined || 'person' in order ? order : { ...order, parent })),
    ),
})).order;

describe('law 20: marshal-protobuf', () => {
  for (const law of marshallerLaws('marshal-protobuf', { marshaller: orders, values })) {
    it(law.name, () => law.check(runs({ share: 0.2, quick: 0.5 })));
  }
});

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const written = (value: unknown): string => Buffer.from(orders.marshal(value)).toString('hex');

describe('marshal-protobuf', () => {
  // Golden bytes after the page "Encoding" of the specification.
  it.each([
    [{ orderId: 'testing' }, '0a0774657374696e67'],
    [{ qty: 150 }, '109601'],
    [{ delta: '-1' }, '1801'],
    [{ state: 'PAID' }, '4801'],
    [{ states: ['UNKNOWN', 'PAID'] }, '9a01020001'],
    [{ counts: { a: '1' } }, '62050a01611001'],
    [{ person: '' }, '7200'],
    [{ maybe: 0 }, '900100'],
    [{}, ''],
  ])('writes %j as the specification says', (value, hex) => {
    expect(written(value)).toBe(hex);
    expect(orders.unmarshal(bytesOf(hex))).toEqual(value);
  });

  it('takes names as they are declared, and numbers of 64 bits as numbers', () => {
    expect(written({ order_id: 'testing' })).toBe('0a0774657374696e67');
    expect(written({ delta: -1 })).toBe('1801');
  });

  it('reads numbers of 64 bits as numbers where asked, unless they would change', () => {
    const value = { delta: '-5', stamps: ['1', '2'], counts: { a: '3' }, prices: { b: { units: '4' } } };
    expect(numbers.unmarshal(orders.marshal(value))).toEqual({
      delta: -5,
      stamps: [1, 2],
      counts: { a: 3 },
      prices: { b: { units: 4 } },
    });
    const large = orders.marshal({ total: '9007199254740993' });
    expect(reasonOf(() => numbers.unmarshal(large))).toContain(
      '2^53 as shop.Order.total, found a larger one',
    );
  });

  it('drops fields that are not declared, or refuses them', () => {
    const bytes = bytesOf('1003 f2060161');
    expect(orders.unmarshal(bytes)).toEqual({ qty: 3 });
    expect(reasonOf(() => strict.unmarshal(bytes))).toContain('expected the fields that the type declares');
    expect(strict.unmarshal(bytesOf('1003'))).toEqual({ qty: 3 });
  });

  it.each([
    ['an end too early', '0a05 61'],
    ['a number of eleven bytes', '10ffffffffffffffffffff01'],
    ['text that is not UTF-8', '0a01ff'],
    ['a field of the number 0', '0000'],
    ['a key that reaches prototypes', '620d 0a095f5f70726f746f5f5f 1001'],
    ['a group without an end', '0b'],
    ['orders within orders', '7a'.repeat(3)],
  ])('refuses %s', (_what, hex) => {
    expect(reasonOf(() => orders.unmarshal(bytesOf(hex)))).toContain('malformed-payload: Protocol Buffers: ');
  });

  it('refuses more levels than any value may have', () => {
    let bytes = Buffer.alloc(0);
    for (let level = 0; level < 70; level += 1) {
      const size = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
      bytes = Buffer.concat([Buffer.from([0x7a, ...size]), bytes]);
    }
    expect(reasonOf(() => orders.unmarshal(bytes))).toContain('more than 64 levels');
  });

  it.each([
    ['another type', { qty: 'many' }, 'shop.Order.qty: '],
    ['a number that is too large', { qty: 2 ** 31 }, 'shop.Order.qty: '],
    ['a fraction', { qty: 1.5 }, 'shop.Order.qty: not an integer'],
    ['an unknown field', { price: 1 }, 'shop.Order: unknown field: "price"'],
    ['an unknown name', { state: 'LOST' }, 'shop.Order.state: unknown enum value'],
    ['two of a oneof', { person: 'a', parent: {} }, 'shop.Order: multiple values for oneof by'],
    ['a list', [], 'shop.Order: expected object'],
    ['bytes as they are', { raw: Buffer.from('a') }, 'expected a value of JSON, found bytes'],
    ['undefined', undefined, 'expected a value of JSON, found undefined'],
  ])('refuses to write %s', (_what, value, reason) => {
    expect(reasonOf(() => orders.marshal(value))).toContain(
      `unmarshallable-payload: Protocol Buffers: ${reason}`,
    );
  });

  it('does not quote the payload in what it refuses', () => {
    expect(reasonOf(() => orders.marshal({ qty: 'hunter2' }))).not.toContain('hunter2');
  });

  it('demands required fields of proto2', async () => {
    const old = await protobuf(
      { proto: 'old.proto', type: 'Old' },
      { 'old.proto': 'syntax = "proto2"; message Old { required int32 a = 1; }' },
    );
    expect(reasonOf(() => old.marshal({}))).toContain(
      'unmarshallable-payload: Protocol Buffers: expected Old.a, found nothing',
    );
    expect(reasonOf(() => old.unmarshal(Buffer.alloc(0)))).toContain(
      "malformed-payload: Protocol Buffers: missing required 'a'",
    );
  });

  it.each([
    ['an absolute import', '/etc/passwd'],
    ['an import from above', '../secret.proto'],
    ['a hidden way up', 'a/../../secret.proto'],
  ])('reads nothing outside its folder: %s', async (_what, name) => {
    const texts = { 'a.proto': `syntax = "proto3"; import "${name}"; message A {}` };
    expect(await issueOf({ proto: 'a.proto', type: 'A' }, texts)).toMatchObject({
      message: expect.stringContaining('expected an import from within .'),
      path: ['proto'],
    });
  });

  it('says what is wrong with its files', async () => {
    expect(await issueOf({ ...shop, type: 'shop.Ordr' })).toEqual({
      message: 'expected the full name of a message; there are: shop.Order, shop.Money',
      path: ['type'],
    });
    const texts = { 'a.proto': 'syntax = "proto3"; message A { Lost b = 1; }', 'b.proto': 'mesage B {' };
    expect((await issueOf({ proto: 'a.proto', type: 'A' }, texts))?.message).toContain('Lost');
    expect((await issueOf({ proto: 'b.proto', type: 'A' }, texts))?.message).toContain('b.proto');
  });
});

const script = `
import base64, importlib, json, subprocess, sys, tempfile
out = tempfile.mkdtemp()
subprocess.run(['protoc', '-I', sys.argv[1], '--python_out', out, 'order.proto', 'parts/money.proto'], cwd=sys.argv[1], check=True)
sys.path.insert(0, out)
order_pb2 = importlib.import_module('order_pb2')
from google.protobuf import json_format
for line in sys.stdin:
    order = order_pb2.Order()
    order.ParseFromString(base64.b64decode(line))
    value = json_format.MessageToJson(order, indent=None)
    again = json_format.Parse(value, order_pb2.Order())
    print(json.dumps([json.loads(value), base64.b64encode(again.SerializeToString()).decode()]))
`;

describeWith(['python3-protobuf'], "marshal-protobuf and Google's own library", () => {
  it('read what the other writes', async () => {
    await using python = runPython(script, { args: [folder] });
    // Doubles and floats are text in the JSON of both, each with digits of its own.
    const exact = values.map((order) => ({ ...(order as object), weight: 0.5, ratio: 0.25 }));
    for (const value of fc.sample(exact, 100)) {
      python.send(Buffer.from(orders.marshal(value)).toString('base64'));
      const [readThere, bytes] = JSON.parse(await python.line()) as [unknown, string];
      const read = orders.unmarshal(Buffer.from(bytes, 'base64'));
      expect(read).toEqual(orders.unmarshal(orders.marshal(value)));
      expect(orders.unmarshal(orders.marshal(readThere))).toEqual(read);
    }
  });
});
