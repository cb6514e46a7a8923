/** CSV (RFC 4180): records of named columns. */
import { isUtf8 } from 'node:buffer';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { defineMarshaller, type MarshallerPlugin } from '../../src/core/plugin.ts';
import { found } from '../../src/options/found.ts';
import { type CsvOptions, options } from './options.ts';
import { readRecords, writeRecords, wrong } from './records.ts';

export const plugin: MarshallerPlugin<typeof options> = defineMarshaller({
  kind: 'marshaller',
  id: 'marshal-csv',
  summary: 'CSV by RFC 4180: a record of named columns is a message, or a list of them is.',
  options,
  create: (given, { name }) => createCsv(name, given),
});

export default plugin;

export function createCsv(name: string, settings: CsvOptions): Marshaller {
  const isMany = settings.rows === 'many';
  return {
    name,
    isText: true,
    envelope: false,

    marshal(value) {
      if (isMany && !Array.isArray(value)) {
        throw new AraldoError(
          'unmarshallable-payload',
          `CSV: expected a list of records, found ${found(value)}`,
        );
      }
      try {
        const rows = writeRecords(isMany ? (value as readonly unknown[]) : [value], settings);
        return Buffer.from(writeLines(rows, settings));
      } catch (thrown) {
        // A getter may throw anything.
        throw AraldoError.from(thrown, 'unmarshallable-payload');
      }
    },

    unmarshal(bytes) {
      const records = readRecords(readLines(bytes), settings);
      if (isMany) return records;
      if (records.length !== 1) {
        const instead = records.length === 0 ? 'none' : `${records.length} (rows: many reads them)`;
        throw new AraldoError('malformed-payload', `CSV: expected one record, found ${instead}`);
      }
      return records[0];
    },
  };

  function readLines(bytes: Uint8Array): readonly (readonly string[])[] {
    if (!isUtf8(bytes))
      throw new AraldoError('malformed-payload', 'CSV: expected UTF-8, found bytes that are none');
    try {
      return parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
        bom: true,
        delimiter: settings.delimiter,
        record_delimiter: ['\r\n', '\n'],
        relax_column_count: true,
      });
    } catch (thrown) {
      if (!(thrown instanceof CsvError)) throw AraldoError.from(thrown, 'malformed-payload');
      // Without a cause: the library quotes the payload, which is not for logs.
      const index = typeof thrown['records'] === 'number' ? thrown['records'] : 0;
      throw wrong(
        'malformed-payload',
        index,
        undefined,
        flaws[thrown.code] ?? 'expected fields as in RFC 4180',
      );
    }
  }
}

const flaws: Readonly<Record<string, string>> = {
  INVALID_OPENING_QUOTE: 'expected quotation marks around the whole field, found one within',
  CSV_INVALID_CLOSING_QUOTE: 'expected the end of the field after its closing quotation mark, found more',
  CSV_QUOTE_NOT_CLOSED: 'expected a closing quotation mark, found the end',
};

function writeLines(
  rows: readonly (readonly string[])[],
  { rows: kind, delimiter, lineEnd, escapeFormulas }: CsvOptions,
): string {
  return stringify(rows as string[][], {
    delimiter,
    eof: kind === 'many',
    record_delimiter: lineEnd === 'lf' ? '\n' : '\r\n',
    // A line with nothing on it would be no record of one empty field to most readers.
    quoted_empty: rows[0]?.length === 1,
    // What begins like a byte order mark, and ends of lines other than those written.
    quoted_match: /^\ufeff|[\r\n]/,
    escape_formulas: escapeFormulas,
  });
}
