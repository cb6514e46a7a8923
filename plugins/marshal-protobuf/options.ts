/** The options of marshal-protobuf. */
import type { Type } from 'protobufjs';
import { z } from 'zod';

export interface ProtobufOptions {
  readonly proto: readonly string[];
  readonly include?: string | undefined;
  readonly type: string;
  readonly int64: 'string' | 'number';
  readonly unknownFields: 'drop' | 'refuse';
  /** What was read of the files. */
  readonly message?: Type;
}

const path = z.string().regex(/\.proto$/, { error: 'expected the path of a file such as ./order.proto' });

export const options: z.ZodType<ProtobufOptions, object> = z
  .strictObject({
    proto: z
      .union([path, z.array(path).min(1).max(64)], {
        error: 'expected the path of a file such as ./order.proto, or a list of them',
      })
      .describe('The file that declares the type, or several: paths relative to the configuration.'),
    include: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The folder in which imports are looked for, and only there; that of the first file unless given. What is under google/protobuf/ is known.',
      ),
    type: z
      .string()
      .regex(/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/, {
        error: 'expected the full name of a message such as shop.Order',
      })
      .describe('The full name of the message, with its package: shop.Order.'),
    int64: z
      .enum(['string', 'number'])
      .default('string')
      .describe(
        'What whole numbers of 64 bits are read as: decimal text, which holds all of them, or numbers, and a message with one beyond 2^53 is refused. Both are written.',
      ),
    'unknown-fields': z
      .enum(['drop', 'refuse'])
      .default('drop')
      .describe(
        'What becomes of fields that the type does not declare. A message that no step changed leaves with all of its bytes in any case.',
      ),
  })
  .transform(({ 'unknown-fields': unknownFields, proto, ...given }) => ({
    ...given,
    proto: typeof proto === 'string' ? [proto] : proto,
    unknownFields,
  }));
