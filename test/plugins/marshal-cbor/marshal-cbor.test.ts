import { describe, expect, it } from 'vitest';
import { createCbor, plugin } from '../../../plugins/marshal-cbor/index.ts';
import { cpuTimer } from '../../cpu-time.ts';
import { reasonOf } from '../../formats/reason.ts';
import { inHex, walkSelfDescribing } from '../../formats/self-describing.ts';

const cbor = createCbor('cbor', { bigNumbers: 'refuse', envelope: false });
const lenient = createCbor('cbor', { bigNumbers: 'string', envelope: false });

const { read, written } = inHex(cbor);

walkSelfDescribing({
  plugin,
  marshaller: cbor,
  lenient,
  called: 'CBOR',
  heads: '1b 3b 41 61 81 9b 9f a1 bf c0 c1 d9 f6 f9 fb ff',
});

describe('marshal-cbor', () => {
  // Golden bytes after RFC 8949, appendix A.
  it.each([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1_000_000, '1a000f4240'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [-1_000_000_000_000, '3b000000e8d4a50fff'],
    [-1000, '3903e7'],
    [1.1, 'fb3ff199999999999a'],
    [true, 'f5'],
    [null, 'f6'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    ['\u6c34', '63e6b0b4'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
    [new Date(1_363_896_240_000), 'c11a514b67b0'],
  ])('writes %j as the specification says', (value, hex) => {
    expect(written(value)).toBe(hex);
    expect(read(hex)).toEqual(value);
  });

  it('leaves undefined properties out', () => {
    expect(written({ a: undefined, b: [{ c: undefined }] })).toBe('a1616281a0');
  });

  it.each([
    ['a half', 'f93c00', 1],
    ['a single', 'fa47c35000', 100_000],
    ['−0, which becomes 0', 'f98000', 0],
    ['infinity', 'f97c00', Number.POSITIVE_INFINITY],
    ['a small number in 64 bits', '1b0000000000000005', 5],
    ['a double of a whole number', '1b0020000000000000', 2 ** 53],
    ['a list without a length', '9f0102ff', [1, 2]],
    ['a map without a length', 'bf616101ff', { a: 1 }],
    ['tag 0', 'c074323031332d30332d32315432303a30343a30305a', new Date(1_363_896_240_000)],
    ['tag 1 with a fraction', 'c1fb41d452d9ec200000', new Date(1_363_896_240_500)],
    ['tag 1 in 64 bits', 'c11b00000000514b67b0', new Date(1_363_896_240_000)],
    ['tag 55799', 'd9d9f701', 1],
    ['a key twice, of which the last counts', 'a2616101616102', { a: 2 }],
  ])('reads %s', (_what, hex, value) => {
    expect(read(hex)).toEqual(value);
    expect(Object.is(read(hex), -0)).toBe(false);
  });

  it.each([
    ['nothing', '', 'an end too early'],
    ['a list that is cut', '8201', 'an end too early'],
    ['a list without an end', '9f01', 'an end too early'],
    ['more after the value', '0102', 'more after the value'],
    ['a break alone', 'ff', 'a simple value that has no meaning'],
    ['a size that does not exist', '1c', 'a size that does not exist'],
    ['undefined', 'f7', 'undefined'],
    ['a simple value', 'f820', 'a simple value that has no meaning'],
    ['text in pieces', '7f6161ff', 'text of indefinite length'],
    ['bytes in pieces', '5f4101ff', 'bytes of indefinite length'],
    ['text that is not UTF-8', '61ff', 'text that is not UTF-8'],
    ['half of a surrogate pair', '63eda080', 'text that is not UTF-8'],
    ['a key that is a number', 'a10101', 'a key that is not text'],
    ['__proto__', '81a1695f5f70726f746f5f5fa0', 'the key "__proto__"'],
    ['constructor.prototype', 'a16b636f6e7374727563746f72a16970726f746f7479706501', 'constructor.prototype'],
    ['a big number of tag 2', 'c249010000000000000000', 'the tag 2'],
    ['a record of cbor-x', 'd9dfff8301', 'the tag 57343'],
    ['tag 55799 within', '81d9d9f701', 'the tag 55799'],
    ['tag 0 on what is no date', 'c06161', 'the tag 0 on what is no date'],
    ['tag 1 on text', 'c16161', 'the tag 1 on what is no date'],
    ['tag 1 on NaN', 'c1fb7ff8000000000000', 'the tag 1 on what is no date'],
    ['tag 1 beyond dates', 'c11b00000fffffffffff', 'the tag 1 on what is no date'],
    ['a number that a double does not hold', '1b0020000000000001', 'found 9007199254740993'],
    ['a negative one', '3b0020000000000000', 'found -9007199254740993'],
  ])('refuses %s', (_what, hex, reason) => {
    expect(reasonOf(() => read(hex))).toMatch(/^malformed-payload: expected CBOR, found /);
    expect(reasonOf(() => read(hex))).toContain(reason);
  });

  it('makes text of numbers that a double does not hold, where asked', () => {
    const bytes = 'a36161 1b0020000000000001 6162 1b0020000000000000 6163 3b0020000000000000';
    expect(inHex(lenient).read(bytes)).toEqual({ a: '9007199254740993', b: 2 ** 53, c: '-9007199254740993' });
  });

  it.each([
    ['a list', '9affffffff'],
    ['a list of 2^64', '9bffffffffffffffff'],
    ['a map', 'baffffffff'],
    ['text', '7affffffff'],
    ['bytes', '5bffffffffffffffff'],
    ['lists in lists', '9a000fffff'.repeat(60)],
  ])('takes no time and memory for %s that says it is huge', (_what, hex) => {
    const before = process.memoryUsage().rss;
    const worked = cpuTimer();
    for (let time = 0; time < 100; time += 1) expect(reasonOf(() => read(hex))).toContain('an end too early');
    expect(worked()).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('reads and writes 64 levels and refuses 65', () => {
    expect(written(read(`${'81'.repeat(63)}80`))).toBe(`${'81'.repeat(63)}80`);
    expect(reasonOf(() => read(`${'81'.repeat(64)}80`))).toContain('more than 64 levels');
    expect(reasonOf(() => read('9f'.repeat(100_000)))).toContain('more than 64 levels');
    expect(reasonOf(() => read('c1'.repeat(100_000)))).toContain('no date');
  });
});
