import { describe, expect, it } from 'vitest';
import { createJson, type JsonOptions, plugin } from '../../../plugins/marshal-json/index.ts';
import { AraldoError } from '../../../src/core/errors.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });

function read(text: string, options: Partial<JsonOptions> = {}): unknown {
  return createJson('json', { bigNumbers: 'refuse', envelope: false, ...options }).unmarshal(
    Buffer.from(text),
  );
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof AraldoError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'nothing was thrown';
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('marshal-json options', () => {
  it('default to refusing big numbers, without an envelope', () => {
    expect(plugin.options['~standard'].validate({})).toEqual({
      value: { bigNumbers: 'refuse', envelope: false },
    });
    expect(plugin.options['~standard'].validate({ 'big-numbers': 'string', envelope: true })).toEqual({
      value: { bigNumbers: 'string', envelope: true },
    });
  });

  it('refuse what they do not know', () => {
    expect(plugin.options['~standard'].validate({ bignumbers: 'string' })).toHaveProperty('issues');
    expect(plugin.options['~standard'].validate({ 'big-numbers': 'keep' })).toHaveProperty('issues');
  });
});

describe('unmarshal', () => {
  it.each([
    ['{"a":[1,-2.5,"x",null,true,{}]}', { a: [1, -2.5, 'x', null, true, {}] }],
    ['"text"', 'text'],
    [' 7 ', 7],
    ['"\\ud800"', '\ud800'],
  ])('reads %s', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it.each([
    ['', 'Unexpected end of JSON input'],
    ['{"a":', 'Unexpected end of JSON input'],
    ['{a:1}', 'Expected property name'],
    ['[1,]', 'Unexpected token'],
    ['NaN', 'no JSON value'],
    ['undefined', 'no JSON value'],
    ['1 2', 'Unexpected non-whitespace character'],
    ['\ufeff{}', 'Unexpected token'],
  ])('refuses %j', (text, reason) => {
    expect(reasonOf(() => read(text))).toMatch(/^malformed-payload: expected JSON: /);
    expect(reasonOf(() => read(text))).toContain(reason);
  });

  it('says nothing of the payload in its errors', () => {
    for (const text of [
      '{"card":"4111-1111" oops}',
      '{"password": hunter2}',
      'hunter2',
      '["hunter2" 4111]',
    ]) {
      expect(reasonOf(() => read(text))).not.toMatch(/4111|hunter2|oops/);
    }
  });

  it.each([[[0xff]], [[0x22, 0xc3, 0x22]], [[0x22, 0xed, 0xa0, 0x80, 0x22]], [[0xc0, 0xaf]]])(
    'refuses the bytes %j, which are not UTF-8',
    (bytes) => {
      const run = (): unknown => json.unmarshal(Uint8Array.from(bytes));
      expect(reasonOf(run)).toBe('malformed-payload: expected UTF-8, found bytes that are none');
    },
  );

  it('takes 64 levels, and not one more', () => {
    expect(() => read(nested(64))).not.toThrow();
    expect(reasonOf(() => read(nested(65)))).toBe(
      'malformed-payload: expected JSON without more than 64 levels',
    );
    expect(() => read(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`)).not.toThrow();
    expect(reasonOf(() => read(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`))).toContain('64 levels');
  });

  it('answers at once for a mebibyte of brackets', () => {
    for (const bomb of ['['.repeat(2 ** 20), nested(2 ** 19), '{"a":'.repeat(2 ** 17)]) {
      expect(reasonOf(() => read(bomb))).toContain('malformed-payload');
    }
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":[{"__proto__":null}]}',
    '{"\\u005f_proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
  ])('refuses %s', (text) => {
    expect(reasonOf(() => read(text))).toMatch(/^malformed-payload: expected JSON without the key "/);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('takes a constructor that leads nowhere', () => {
    expect(read('{"constructor":"Acme","prototype":1}')).toEqual({ constructor: 'Acme', prototype: 1 });
  });

  it.each([
    ['9007199254740991'],
    ['-9007199254740991'],
    ['9007199254740992'],
    ['1700000000000000000'],
    ['0.1'],
    ['0.12345678901234567890'],
    ['6.02e23'],
    ['1e308'],
    ['1e-400'],
    ['5e-324'],
  ])('takes the number %s', (text) => {
    expect(read(`[${text}]`)).toEqual([Number(text)]);
  });

  it.each([
    ['9007199254740993'],
    ['-9007199254740993'],
    ['12345678901234567890'],
    ['12345678901234567.89'],
    ['1e400'],
    ['-1e400'],
    ['1'.repeat(400)],
  ])('refuses the number %s, or makes it text where asked', (text) => {
    expect(reasonOf(() => read(`{"a":[1,${text}]}`))).toContain(
      `numbers that stay what they are, found ${text}`,
    );
    expect(read(`{"a":[1,${text}],"b":9007199254740992}`, { bigNumbers: 'string' })).toEqual({
      a: [1, text],
      b: 9007199254740992,
    });
  });

  it('looks for forbidden keys also where a big number stands before them', () => {
    const text = '[9007199254740993,{"__proto__":1}]';
    expect(reasonOf(() => read(text, { bigNumbers: 'string' }))).toContain('__proto__');
  });
});

describe('marshal', () => {
  it.each([
    [{ a: [1, 'x', null, true], b: undefined }, '{"a":[1,"x",null,true]}'],
    ['\ud800', '"\\ud800"'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])('writes %j', (value, text) => {
    expect(Buffer.from(json.marshal(value)).toString()).toBe(text);
  });

  class Order {
    id = 1;
  }

  it('writes what an object of a class holds', () => {
    expect(Buffer.from(json.marshal(new Order())).toString()).toBe('{"id":1}');
  });

  const cycle: { self?: unknown } = {};
  cycle.self = { cycle };

  it.each([
    ['undefined', undefined, 'undefined'],
    ['an undefined element', [undefined], 'undefined'],
    ['a function', () => 1, 'a function'],
    ['a function in a map', { a: () => 1 }, 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
    ['a BigInt', { n: 1n }, 'a bigint'],
    ['a cycle', cycle, 'more than 64 levels (or a value that contains itself)'],
    ['NaN', [Number.NaN], 'NaN'],
    ['Infinity', { a: -Infinity }, '-Infinity'],
    ['a Map', new Map([[1, 2]]), 'a Map'],
    ['a Set', { s: new Set() }, 'a Set'],
    ['an Error', new Error('x'), 'a Error'],
    ['bytes', new Uint8Array(2), 'bytes'],
    ['a Buffer', { b: Buffer.from('x') }, 'bytes'],
    ['__proto__', JSON.parse('{"__proto__":1}'), 'the key "__proto__"'],
    ['constructor.prototype', { constructor: { prototype: 1 } }, 'the key "constructor.prototype"'],
  ])('refuses %s', (_what, value, flaw) => {
    expect(reasonOf(() => json.marshal(value))).toBe(`unmarshallable-payload: JSON has no form for ${flaw}`);
  });

  it('refuses a value that throws while it is read', () => {
    const trap = {
      get a(): unknown {
        throw new Error('no');
      },
    };
    expect(reasonOf(() => json.marshal(trap))).toBe('unmarshallable-payload: no');
  });
});
