/** Values as text, so that equal ones are found without keeping them. */

/**
 * Equal texts for equal values: the order of a map's keys does not matter, `1` and `"1"` differ.
 *
 * Throws what JSON throws for a value that has no form in it: a bigint, a circle.
 *
 * @example
 * fingerprint({ b: 1, a: [] }) === fingerprint({ a: [], b: 1 })
 */
export function fingerprint(value: unknown): string {
  if (typeof value === 'string') return `"${value}`;
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('latin1')}`;
  return JSON.stringify(value, sortKeys) ?? typeof value;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
