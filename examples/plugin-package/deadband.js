// @ts-check
// Sensors tremble: what has hardly moved is no news.
import { defineOperator } from 'araldo';
import { filter } from 'araldo/operators';
import { defer } from 'rxjs';
import { z } from 'zod';

/**
 * @typedef {object} DeadbandOptions
 * @property {string} value the key of the number in the payload
 * @property {number} by how far it must have moved
 * @property {string} [key] the key of what it is the number of
 * @property {number} [maxKeys] whose last number is remembered: one more, and the one unused longest is forgotten
 */

/**
 * Lets a number pass when it has moved far enough from the last one that passed, and discards it otherwise. What is
 * forgotten passes once more than needed. So does what is delivered again: its first delivery came to nothing.
 *
 * A filter of RxJS would drop messages without settling them; that of araldo discards them, and contains what throws.
 *
 * @param {DeadbandOptions} options
 * @returns {import('araldo').MessageOperator}
 */
export function deadband({ value, by, key, maxKeys = 10_000 }) {
  return (source) =>
    defer(() => {
      /** Of this subscription alone. @type {Map<unknown, number>} */
      const last = new Map();

      return source.pipe(
        filter(({ payload, meta }) => {
          const fields = /** @type {Record<string, unknown>} */ (payload);
          const now = numberOf(fields[value], value);
          const of = key === undefined ? undefined : fields[key];
          const before = last.get(of);
          const isAgain = (meta.deliveries ?? 1) > 1;
          if (before !== undefined && Math.abs(now - before) < by && !isAgain) return false;
          last.delete(of);
          last.set(of, now);
          if (last.size > maxKeys) last.delete(last.keys().next().value);
          return true;
        }),
      );
    });
}

/**
 * @param {unknown} found
 * @param {string} key
 */
function numberOf(found, key) {
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new TypeError(`expected a number at ${key}, found ${JSON.stringify(found)}`);
}

export default defineOperator({
  kind: 'rx',
  obligations: 'preserved',
  order: () => /** @type {const} */ ('all'),
  isInstant: true,
  name: 'deadband',
  summary: 'Lets a number pass when it has moved far enough from the last one that passed.',
  options: z.strictObject({
    value: z.string().describe('The key of the number in the payload.'),
    by: z.number().positive().describe('How far it must have moved.'),
    key: z.string().optional().describe('The key of what it is the number of, such as a room.'),
  }),
  create: ({ value, by, key }) => deadband({ value, by, ...(key !== undefined && { key }) }),
});
