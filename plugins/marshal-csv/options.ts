/** The options of marshal-csv. */
import { z } from 'zod';
import { found } from '../../src/options/found.ts';

export const fieldTypes = ['text', 'integer', 'number', 'boolean'] as const;
export type FieldType = (typeof fieldTypes)[number];

export interface CsvOptions {
  /** The names of the fields, in order. Without them a record is a list. */
  readonly columns?: readonly string[] | undefined;
  readonly rows: 'one' | 'many';
  readonly header: boolean;
  readonly delimiter: string;
  readonly types: Readonly<Record<string, FieldType>>;
  readonly lineEnd: 'crlf' | 'lf';
  readonly escapeFormulas: boolean;
}

const MOST_COLUMNS = 1024;

const name = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed() && text !== '__proto__', { error: 'expected a name for a column' });

export const options: z.ZodType<CsvOptions, object> = z
  .strictObject({
    columns: z
      .array(name)
      .min(1)
      .max(MOST_COLUMNS)
      .refine((names) => new Set(names).size === names.length, { error: 'expected each column once' })
      .optional()
      .describe('The names of the fields, in order: a record is a map. Without them it is a list of texts.'),
    rows: z
      .enum(['one', 'many'])
      .default('one')
      .describe('one: a message is one record. many: it is a list of records.'),
    header: z
      .boolean()
      .default(false)
      .describe(
        'With rows: many, whether the first line holds the names of the columns. Where columns are given too, it must be these.',
      ),
    delimiter: z
      .string()
      .length(1)
      .refine((text) => !/["\r\n\ufeff]/.test(text) && text.isWellFormed(), {
        error: 'expected one character that is no quotation mark and no end of a line',
      })
      .default(',')
      .describe('What stands between fields; , unless given.'),
    types: z
      .record(name, z.enum(fieldTypes))
      .default({})
      .describe(
        'What fields are, by column: text, integer, number or boolean. Others are text. An empty field that is no text is null.',
      ),
    'line-end': z
      .enum(['crlf', 'lf'])
      .default('crlf')
      .describe('What ends a line that is written, with rows: many. Both are read.'),
    'escape-formulas': z
      .boolean()
      .default(false)
      .describe(
        "Writes ' before a field that a spreadsheet would run (those that begin with = + - @, a tab or a carriage return). Not undone in reading.",
      ),
  })
  .superRefine(({ columns, rows, header, types }, context) => {
    if (header && rows === 'one') {
      const message = 'expected rows: many beside header: one record has no line for the names';
      context.addIssue({ code: 'custom', path: ['header'], message });
    }
    for (const column of Object.keys(types)) {
      if (columns === undefined ? header : columns.includes(column)) continue;
      const message = `expected the name of a column, found ${found(column)}`;
      context.addIssue({ code: 'custom', path: ['types', column], message });
    }
  })
  .transform((given) => ({
    columns: given.columns,
    rows: given.rows,
    header: given.header,
    delimiter: given.delimiter,
    types: given.types,
    lineEnd: given['line-end'],
    escapeFormulas: given['escape-formulas'],
  }));
