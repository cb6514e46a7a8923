/** The options of the formats that carry their own structure: the same words as for JSON. */
import { z } from 'zod';
import type { BigNumbers } from './cursor.ts';

export interface SelfDescribingOptions {
  readonly bigNumbers: BigNumbers;
  readonly envelope: boolean;
}

export function selfDescribingOptions(): z.ZodType<SelfDescribingOptions, object> {
  return z
    .strictObject({
      'big-numbers': z.enum(['refuse', 'string']).default('refuse').meta({
        description:
          'What becomes of whole numbers that a double does not hold, such as 9007199254740993: the message is refused, or they become strings.',
      }),
      envelope: z.boolean().default(false).meta({
        description: 'Carry {id, meta, payload} instead of the payload alone, for systems without headers.',
      }),
    })
    .transform((given) => ({ bigNumbers: given['big-numbers'], envelope: given.envelope }));
}
