/** Lists of texts, as they stand in the lines, ↔ records. */
import { AraldoError, type ErrorCode } from '../../src/core/errors.ts';
import { found } from '../../src/options/found.ts';
import { readField, WrongField, writeField } from './field.ts';
import type { CsvOptions, FieldType } from './options.ts';

type Row = readonly string[];
type Columns = readonly string[] | undefined;

/** The records in lines. Throws an `AraldoError` (`malformed-payload`). */
export function readRecords(
  rows: readonly Row[],
  { columns, header, types }: CsvOptions,
): readonly unknown[] {
  const names = header && rows[0] !== undefined ? readHeader(rows[0], columns) : columns;
  const first = header ? 1 : 0;
  const width = names?.length ?? rows[0]?.length ?? 0;
  const kinds = names?.map((name) => typeOf(name, types));
  const records: unknown[] = [];
  for (let index = first; index < rows.length; index += 1) {
    const row = rows[index] as Row;
    if (row.length !== width) {
      throw wrong('malformed-payload', index, undefined, `expected ${width} fields, found ${row.length}`);
    }
    records.push(names === undefined ? row : readRecord(row, index, names, kinds ?? []));
  }
  return records;
}

function readRecord(row: Row, index: number, names: Row, kinds: readonly FieldType[]): unknown {
  const record: Record<string, unknown> = {};
  for (let field = 0; field < row.length; field += 1) {
    const name = names[field] as string;
    try {
      record[name] = readField(row[field] as string, kinds[field] as FieldType);
    } catch (thrown) {
      throw placed('malformed-payload', thrown, index, name);
    }
  }
  return record;
}

function readHeader(row: Row, columns: Columns): Row {
  if (columns !== undefined) {
    const isSame = row.length === columns.length && row.every((name, index) => name === columns[index]);
    if (isSame) return columns;
    throw wrong('malformed-payload', 0, undefined, `expected the names ${columns.join(', ')}, found others`);
  }
  if (row.some((name) => name === '' || name === '__proto__') || new Set(row).size < row.length) {
    throw wrong('malformed-payload', 0, undefined, 'expected names of columns, each once');
  }
  return row;
}

/** The lines of records. Throws an `AraldoError` (`unmarshallable-payload`). */
export function writeRecords(
  records: readonly unknown[],
  { columns, header, types }: CsvOptions,
): readonly Row[] {
  const names = columns ?? (header ? namesOf(records[0]) : undefined);
  // Without records there is nothing to name the columns of, unless they are stated.
  const rows: Row[] =
    header && names !== undefined && (records.length > 0 || columns !== undefined) ? [names] : [];
  const known = names === undefined ? undefined : new Set(names);
  const kinds = names?.map((name) => typeOf(name, types));
  let width: number | undefined;
  for (const [index, record] of records.entries()) {
    const row =
      names === undefined || known === undefined
        ? writeList(record, index)
        : writeMap(record, index, names, known, kinds ?? []);
    width ??= row.length;
    if (row.length !== width) {
      throw wrong(
        'unmarshallable-payload',
        index,
        undefined,
        `expected ${width} fields, found ${row.length}`,
      );
    }
    rows.push(row);
  }
  return rows;
}

function namesOf(record: unknown): Row | undefined {
  if (record === undefined) return undefined;
  const names = isMap(record) ? Object.keys(record) : [];
  const isRight =
    names.length > 0 && names.every((name) => name !== '' && name !== '__proto__' && name.isWellFormed());
  if (isRight) return names;
  throw wrong('unmarshallable-payload', 0, undefined, 'expected a map with the names of the columns as keys');
}

function writeList(record: unknown, index: number): Row {
  if (!Array.isArray(record) || record.length === 0) {
    const instead = Array.isArray(record) ? 'an empty one' : found(record);
    throw wrong('unmarshallable-payload', index, undefined, `expected a list of fields, found ${instead}`);
  }
  return Array.from(record as readonly unknown[], (value, field) => {
    try {
      return writeField(value, 'text');
    } catch (thrown) {
      throw placed('unmarshallable-payload', thrown, index, String(field + 1));
    }
  });
}

function writeMap(
  record: unknown,
  index: number,
  names: Row,
  known: ReadonlySet<string>,
  kinds: readonly FieldType[],
): Row {
  if (!isMap(record)) {
    throw wrong('unmarshallable-payload', index, undefined, `expected a map, found ${found(record)}`);
  }
  for (const key of Object.keys(record)) {
    if (known.has(key)) continue;
    throw wrong(
      'unmarshallable-payload',
      index,
      undefined,
      `expected a column for ${found(key)}, found none`,
    );
  }
  return names.map((name, field) => {
    try {
      return writeField(Object.hasOwn(record, name) ? record[name] : undefined, kinds[field] as FieldType);
    } catch (thrown) {
      throw placed('unmarshallable-payload', thrown, index, name);
    }
  });
}

function typeOf(name: string, types: CsvOptions['types']): FieldType {
  return (Object.hasOwn(types, name) ? types[name] : undefined) ?? 'text';
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function placed(code: ErrorCode, thrown: unknown, index: number, field: string): AraldoError {
  // A getter may throw anything.
  return thrown instanceof WrongField
    ? wrong(code, index, field, thrown.message)
    : AraldoError.from(thrown, code);
}

/** Rows count from 1, as they are seen; a header is one. */
export function wrong(code: ErrorCode, index: number, field: string | undefined, text: string): AraldoError {
  const where = field === undefined ? `row ${index + 1}` : `row ${index + 1}, field ${field}`;
  return new AraldoError(code, `CSV, ${where}: ${text}`);
}
