import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCsv, plugin } from '../../../plugins/marshal-csv/index.ts';
import type { Marshaller } from '../../../src/core/marshaller.ts';
import { marshallerLaws } from '../../../src/testing/index.ts';
import { cpuTimer } from '../../cpu-time.ts';
import { reasonOf } from '../../formats/reason.ts';
import { runs } from '../../runs.ts';
import { runPython } from '../../servers/python.ts';
import { describeWith } from '../../servers/requires.ts';

const parsed = (options: object) => plugin.options['~standard'].validate(options);

function csv(options: object = {}): Marshaller {
  const result = parsed(options);
  if (result instanceof Promise || result.issues !== undefined) throw new Error('expected valid options');
  return createCsv('csv', result.value);
}

const read = (text: string, options: object = {}): unknown => csv(options).unmarshal(Buffer.from(text));
const written = (value: unknown, options: object = {}): string =>
  Buffer.from(csv(options).marshal(value)).toString();

const columns = ['id', 'qty', 'price', 'is paid'];
const types = { qty: 'integer', price: 'number', 'is paid': 'boolean' };

/** Text with all that CSV has a meaning for. */
const cell = fc
  .array(
    fc.oneof(
      fc.constantFrom(',', ';', '"', '\r', '\n', '\r\n', '\ufeff', ' ', '=', '__proto__'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(''))
  .filter((text) => text.isWellFormed());
const record = fc.record(
  {
    id: cell,
    qty: fc.option(fc.maxSafeInteger()),
    price: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)),
    'is paid': fc.option(fc.boolean()),
  },
  { noNullPrototype: true },
);
const lists = fc
  .integer({ min: 1, max: 4 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }));
const nearly = fc
  .array(
    fc.constantFrom(
      '"',
      '""',
      ',',
      '\r',
      '\n',
      '\r\n',
      'a',
      '1',
      '1e999',
      '-0',
      'true',
      '\ufeff',
      '__proto__',
    ),
    {
      maxLength: 30,
    },
  )
  .map((parts) => Buffer.from(parts.join('')));

describe('law 20: marshal-csv', () => {
  const one = fc.array(cell, { minLength: 1, maxLength: 4 });
  const laws = [
    ...marshallerLaws('of lists', { marshaller: csv(), values: one, nearly }),
    ...marshallerLaws('of columns', { marshaller: csv({ columns, types }), values: record, nearly }),
    ...marshallerLaws('of many lists', {
      marshaller: csv({ rows: 'many', delimiter: ';' }),
      values: lists,
      nearly,
    }),
    ...marshallerLaws('of many records under a header', {
      marshaller: csv({ rows: 'many', header: true, types, 'line-end': 'lf' }),
      values: fc.array(record, { maxLength: 4 }),
      nearly,
    }),
  ];
  for (const law of laws) it(law.name, () => law.check(runs({ share: 0.15, quick: 0.5 })));
});

describe('marshal-csv', () => {
  it('writes and reads a record of named columns', () => {
    const order = { id: 'A, "1"', qty: 3, price: 2.5, 'is paid': true };
    expect(written(order, { columns, types })).toBe('"A, ""1""",3,2.5,true');
    expect(read('"A, ""1""",3,2.5,true\r\n', { columns, types })).toEqual(order);
  });

  it('leaves numbers text unless types say otherwise', () => {
    expect(read('007,1.50', { columns: ['id', 'price'] })).toEqual({ id: '007', price: '1.50' });
    expect(written({ id: 7, price: null }, { columns: ['id', 'price'] })).toBe('7,');
  });

  it('passes an integer beyond 2 ** 53 that a double holds, and none that is written with an exponent', () => {
    const large = '-9012498385332430';
    const one = read(`${large},1`, { columns: ['qty', 'of'], types: { qty: 'integer' } });
    expect(one).toEqual({ qty: Number(large), of: '1' });
    expect(written(one, { columns: ['qty', 'of'], types: { qty: 'integer' } })).toBe(`${large},1`);
    for (const qty of [1e21, 0.5, Number.POSITIVE_INFINITY])
      expect(() => written({ qty }, { columns: ['qty'], types: { qty: 'integer' } })).toThrow('an integer');
  });

  it('makes null of an empty field that is no text', () => {
    expect(read(',,,', { columns, types })).toEqual({ id: '', qty: null, price: null, 'is paid': null });
  });

  it('reads and writes many records, with a header and without', () => {
    expect(read('a,b\n1,2\n3,4', { rows: 'many' })).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
    ]);
    const many = { rows: 'many', header: true };
    expect(read('\ufeffa,b\r\n1,2\r\n', many)).toEqual([{ a: '1', b: '2' }]);
    expect(written([{ a: '1', b: '2' }], many)).toBe('a,b\r\n1,2\r\n');
    expect(written([], { ...many, columns: ['a', 'b'] })).toBe('a,b\r\n');
    expect(read('', { rows: 'many' })).toEqual([]);
  });

  it('keeps spreadsheets from running fields, where asked', () => {
    expect(written(['=1+1', 'a=1'])).toBe('=1+1,a=1');
    expect(written(['=1+1', 'a=1'], { 'escape-formulas': true })).toBe("'=1+1,a=1");
  });

  it.each([
    ['nothing', '', {}, 'CSV: expected one record, found none'],
    ['two records', 'a\nb', {}, 'CSV: expected one record, found 2 (rows: many reads them)'],
    ['a quotation mark within', 'a,b"c', {}, 'CSV, row 1: expected quotation marks around the whole field'],
    [
      'a quotation without an end',
      '1\n"b',
      { rows: 'many' },
      'CSV, row 2: expected a closing quotation mark',
    ],
    ['more after a quotation', '"a"b', {}, 'CSV, row 1: expected the end of the field'],
    ['a field too few', 'a,b\nc', { rows: 'many' }, 'CSV, row 2: expected 2 fields, found 1'],
    ['a field too many', 'a,b', { columns: ['a'] }, 'CSV, row 1: expected 1 fields, found 2'],
    [
      'text in a column of numbers',
      'a,1.5,,',
      { columns, types },
      'CSV, row 1, field qty: expected an integer',
    ],
    [
      'a number that changes',
      'a,9007199254740993,,',
      { columns, types },
      'CSV, row 1, field qty: expected a number that stays',
    ],
    [
      'another header',
      'a\n1',
      { columns: ['b'], header: true, rows: 'many' },
      'CSV, row 1: expected the names b',
    ],
    ['__proto__', '__proto__\n1', { header: true, rows: 'many' }, 'CSV, row 1: expected names of columns'],
  ])('refuses %s', (_what, text, options, reason) => {
    expect(reasonOf(() => read(text, options))).toContain(`malformed-payload: ${reason}`);
  });

  it.each([
    ['no list', 'a', {}, 'CSV, row 1: expected a list of fields, found "a"'],
    ['no map', ['a'], { columns }, 'CSV, row 1: expected a map, found a list'],
    ['an unknown key', { nr: 1 }, { columns }, 'CSV, row 1: expected a column for "nr", found none'],
    [
      'a list in a field',
      { id: [] },
      { columns },
      'CSV, row 1, field id: expected text, a number, true, false or null, found a list',
    ],
    [
      'text in a column of numbers',
      { qty: '1' },
      { columns, types },
      'CSV, row 1, field qty: expected an integer, found "1"',
    ],
  ])('refuses to write %s', (_what, value, options, reason) => {
    expect(reasonOf(() => written(value, options))).toBe(`unmarshallable-payload: ${reason}`);
  });

  it.each([
    [{ header: true }],
    [{ columns: ['a', 'a'] }],
    [{ columns: ['__proto__'] }],
    [{ types: { a: 'integer' } }],
    [{ columns: ['b'], types: { a: 'integer' } }],
    [{ delimiter: '"' }],
    [{ delimiter: ', ' }],
  ])('does not take %j', (options) => {
    expect(parsed(options)).toHaveProperty('issues');
  });

  it.each([
    ['quotation marks', '"'],
    ['fields', ','],
    ['lines', '\n'],
  ])('reads many %s in time that grows with the bytes', (_what, character) => {
    const timeOf = (count: number): number => {
      const worked = cpuTimer();
      reasonOf(() => read(character.repeat(count), { rows: 'many' }));
      return worked();
    };
    timeOf(1_000);
    // A quadratic reader takes 64 times as long; the summand is for the garbage that others have left.
    expect(timeOf(400_000)).toBeLessThan(24 * timeOf(50_000) + 100);
  });
});

const script = `
import csv, io, json, sys
for line in sys.stdin:
    text = json.loads(line)
    rows = list(csv.reader(io.StringIO(text, newline=''), strict=True))
    out = io.StringIO(newline='')
    csv.writer(out).writerows(rows)
    print(json.dumps([rows, out.getvalue()]))
`;

describeWith(['python3'], "marshal-csv and Python's csv module", () => {
  it('read what the other writes', async () => {
    await using python = runPython(script);
    const many = { rows: 'many' };
    // Python's reader takes a carriage return for the end of a line.
    const cells = cell.filter((text) => !text.includes('\u0000') && !text.startsWith('\ufeff'));
    const rows = fc.sample(
      fc.array(fc.array(cells, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      100,
    );
    for (const value of rows) {
      python.send(JSON.stringify(written(value, many)));
      const [readThere, writtenThere] = JSON.parse(await python.line()) as [unknown, string];
      expect(readThere).toEqual(value);
      expect(read(writtenThere, many)).toEqual(value);
    }
  });
});
