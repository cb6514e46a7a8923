/** Options that people mostly state one of may be written as that one alone: `throttle: 1s`. */
import { z } from 'zod';
import { found } from './found.ts';

/**
 * The type of options that are either `short`, which becomes those options, or the whole map.
 *
 * @param expectation what is said of anything that is neither: `a duration such as 250ms`.
 * @example
 * shortForm(duration().transform((every) => ({ every })), z.strictObject({ every: duration() }), 'a duration')
 */
export function shortForm<FromShort, Short, FromLong, Long>(
  short: z.ZodType<FromShort, Short>,
  long: z.ZodType<FromLong, Long>,
  expectation: string,
): z.ZodType<FromShort | FromLong, Short | Long> {
  return z.union([short, long], {
    error({ input, errors }) {
      // What is wrong within a map is said there.
      if (typeof input === 'object' && input !== null) return undefined;
      const [inShort] = (errors as unknown as readonly (readonly { readonly message: string }[])[])[0] ?? [];
      if (inShort?.message.startsWith('expected ') === true) return inShort.message;
      return `expected ${expectation}, or a map of options, found ${found(input)}`;
    },
  });
}
