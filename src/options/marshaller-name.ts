/** An option that names a marshaller of the configuration. */
import { z } from 'zod';

export function marshallerName(): z.ZodString {
  return z
    .string()
    .min(1, 'expected the name of a marshaller, found ""')
    .describe('The name of a declared marshaller.');
}
