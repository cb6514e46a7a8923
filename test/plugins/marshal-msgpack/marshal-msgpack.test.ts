import { describe, expect, it } from 'vitest';
import { createMsgpack, plugin } from '../../../plugins/marshal-msgpack/index.ts';
import { cpuTimer } from '../../cpu-time.ts';
import { reasonOf } from '../../formats/reason.ts';
import { inHex, walkSelfDescribing } from '../../formats/self-describing.ts';

const msgpack = createMsgpack('msgpack', { bigNumbers: 'refuse', envelope: false });
const lenient = createMsgpack('msgpack', { bigNumbers: 'string', envelope: false });

const { read, written } = inHex(msgpack);

walkSelfDescribing({
  plugin,
  marshaller: msgpack,
  lenient,
  called: 'MessagePack',
  heads: '81 92 a1 61 c4 c7 d6 d7 ff cf d3 d9 dc dd de df',
});

describe('marshal-msgpack', () => {
  // Golden bytes after the specification, https://github.com/msgpack/msgpack/blob/master/spec.md
  it.each([
    [{ compact: true, schema: 0 }, '82 a7 636f6d70616374 c3 a6 736368656d61 00'],
    [null, 'c0'],
    [-1, 'ff'],
    [255, 'cc ff'],
    [65_536, 'ce 00010000'],
    [1_732_320_000_000, 'd3 0000 0193 5651 7800'],
    [-1_732_320_000_000, 'd3 ffff fe6c a9ae 8800'],
    [1.5, 'cb 3ff8000000000000'],
    ['é', 'a2 c3a9'],
    [Uint8Array.of(1, 2), 'c4 02 0102'],
    [new Date(1_732_320_000_000), 'd6 ff 67411b00'],
    [[1, [], {}], '93 01 90 80'],
    [{ a: undefined, b: [{ c: undefined }] }, '81 a1 62 91 80'],
  ])('writes %j as the specification says', (value, hex) => {
    expect(written(value)).toBe(hex.replaceAll(' ', ''));
    expect(read(hex)).toEqual(JSON.stringify(value)?.includes('"b"') ? { b: [{}] } : value);
  });

  it.each([
    ['float 32', 'ca 3fc00000', 1.5],
    ['−0, which becomes 0', 'cb 8000000000000000', 0],
    ['int 64 that is small', 'd3 0000000000000005', 5],
    ['a double of a whole number', 'cf 0020000000000000', 2 ** 53],
    ['str 32', 'db 00000001 61', 'a'],
    ['map 32', 'df 00000001 a1 61 01', { a: 1 }],
    ['timestamp 64', 'd7 ff 1d53530067411b00', new Date(1_732_320_000_123)],
    ['timestamp 96', 'c7 0c ff 3b8b87c0 ffffffffffffffff', new Date(-1)],
    ['a key twice, of which the last counts', '82 a1 61 01 a1 61 02', { a: 2 }],
  ])('reads %s', (_what, hex, value) => {
    expect(read(hex)).toEqual(value);
    expect(Object.is(read(hex), -0)).toBe(false);
  });

  it.each([
    ['nothing', '', 'an end too early'],
    ['a list that is cut', '92 01', 'an end too early'],
    ['more after the value', '01 02', 'more after the value'],
    ['the byte that is never used', 'c1', '0xc1'],
    ['text that is not UTF-8', 'a1 ff', 'text that is not UTF-8'],
    ['half of a surrogate pair', 'a3 eda080', 'text that is not UTF-8'],
    ['a key that is a number', '81 01 01', 'a key that is not text'],
    ['a key that is nil', '81 c0 01', 'a key that is not text'],
    ['__proto__', '91 81 a9 5f5f70726f746f5f5f 80', 'the key "__proto__"'],
    [
      'constructor.prototype',
      '81 ab 636f6e7374727563746f72 81 a9 70726f746f74797065 01',
      'constructor.prototype',
    ],
    ['an extension', 'd4 05 00', 'the extension type 5'],
    ['a record of msgpackr', 'd4 72 40', 'the extension type 114'],
    ['undefined of msgpackr', 'd4 00 00', 'the extension type 0'],
    ['a timestamp of a strange length', 'c7 03 ff 000000', 'a timestamp that is none'],
    ['a timestamp with too many nanoseconds', 'd7 ff ffffffff 00000000', 'a timestamp that is none'],
    ['a timestamp that no Date holds', 'c7 0c ff 00000000 7fffffffffffffff', 'a timestamp that is none'],
    ['a number that a double does not hold', 'cf 0020000000000001', 'found 9007199254740993'],
    ['a negative one', 'd3 ffdfffffffffffff', 'found -9007199254740993'],
  ])('refuses %s', (_what, hex, reason) => {
    expect(reasonOf(() => read(hex))).toMatch(/^malformed-payload: expected MessagePack, found /);
    expect(reasonOf(() => read(hex))).toContain(reason);
  });

  it('makes text of numbers that a double does not hold, where asked', () => {
    const bytes = '83 a1 61 cf 0020000000000001 a1 62 cf 0020000000000000 a1 63 d3 ffdfffffffffffff';
    expect(inHex(lenient).read(bytes)).toEqual({ a: '9007199254740993', b: 2 ** 53, c: '-9007199254740993' });
  });

  it.each([
    ['array 32', 'dd ffffffff'],
    ['map 32', 'df ffffffff'],
    ['str 32', 'db ffffffff'],
    ['bin 32', 'c6 ffffffff'],
    ['ext 32', 'c9 ffffffff ff'],
    ['lists in lists', 'dd 000fffff'.repeat(60)],
  ])('takes no time and memory for %s that says it is huge', (_what, hex) => {
    const before = process.memoryUsage().rss;
    const worked = cpuTimer();
    for (let time = 0; time < 100; time += 1)
      expect(reasonOf(() => read(hex))).toMatch(/an end too early|more than 64/);
    expect(worked()).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('reads and writes 64 levels and refuses 65', () => {
    expect(written(read('91'.repeat(63) + '90'))).toBe(`${'91'.repeat(63)}90`);
    expect(reasonOf(() => read('91'.repeat(64) + '90'))).toContain('more than 64 levels');
    expect(reasonOf(() => read('81a161'.repeat(100_000)))).toContain('more than 64 levels');
  });
});
