/** The options of marshal-avro. */
import type { Type } from 'avsc';
import { z } from 'zod';

export interface AvroOptions {
  readonly schema: unknown;
  readonly readerSchema?: unknown;
  readonly encoding: 'plain' | 'single-object' | 'confluent';
  readonly schemaId?: number | undefined;
  readonly logicalTypes: 'text' | 'underlying';
  /** What was made of the schemas. */
  readonly types?: AvroTypes;
}

export interface AvroTypes {
  readonly written: Type;
  readonly read: Type;
}

const path = z
  .string()
  .regex(/^\.{0,2}\//, { error: 'expected a schema, or the path of one such as ./order.avsc' });
const schema = z.union([path, z.record(z.string(), z.json()), z.array(z.json())], {
  error: 'expected a schema, or the path of one such as ./order.avsc',
});

export const options: z.ZodType<AvroOptions, object> = z
  .strictObject({
    schema: schema.describe(
      'The schema that messages are written with: the path of a file relative to the configuration, or the schema itself.',
    ),
    'reader-schema': schema
      .optional()
      .describe(
        'What a message is read as, by the rules of schema resolution, where that is not the schema it is written with.',
      ),
    encoding: z
      .enum(['plain', 'single-object', 'confluent'])
      .default('plain')
      .describe(
        'What stands before the value: nothing, the fingerprint of the schema (single-object), or a zero and the schema-id (confluent, as with its schema registry).',
      ),
    'schema-id': z
      .int()
      .min(0)
      .max(0x7fffffff)
      .optional()
      .describe(
        'With encoding: confluent, the id of the schema in the registry. It is not asked: the schema is the one stated here.',
      ),
    'logical-types': z
      .enum(['text', 'underlying'])
      .default('text')
      .describe(
        'What decimals, dates, times and timestamps are as values: text such as 12.50, 2026-11-23 and 2026-11-23T09:00:00.000Z, or the numbers and bytes that they are made of.',
      ),
  })
  .superRefine(({ encoding, 'schema-id': id }, context) => {
    if ((encoding === 'confluent') === (id !== undefined)) return;
    const message =
      id === undefined
        ? 'expected a schema-id beside encoding: confluent'
        : 'expected encoding: confluent beside schema-id';
    context.addIssue({ code: 'custom', path: id === undefined ? ['encoding'] : ['schema-id'], message });
  })
  .transform((given) => ({
    schema: given.schema,
    readerSchema: given['reader-schema'],
    encoding: given.encoding,
    schemaId: given['schema-id'],
    logicalTypes: given['logical-types'],
  }));
