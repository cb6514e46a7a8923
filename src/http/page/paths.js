// @ts-check
/** From the pattern of a path to what a person fills in, and back to a path. */

/**
 * The names of the parameters of a pattern such as `/rooms/:room`; none for a plain path. A pattern that says
 * more than that (`*`, groups, expressions) is filled in as a whole, under the name `path`.
 *
 * @param {string} pattern
 * @returns {string[]}
 */
export function parametersOf(pattern) {
  const plain = pattern.replace(/\/:[a-z_$][\w$]*(?=\/|$)/gi, '/x');
  if (/[:*{}()?+\\]/.test(plain)) return ['path'];
  return [...pattern.matchAll(/\/:([a-z_$][\w$]*)/gi)].map((match) => String(match[1]));
}

/**
 * @param {string} pattern
 * @param {Readonly<Record<string, string>>} values by parameter
 */
export function pathOf(pattern, values) {
  if (parametersOf(pattern)[0] === 'path' && !pattern.includes('/:path')) return values['path'] ?? '';
  return pattern.replace(
    /\/:([a-z_$][\w$]*)/gi,
    (_, /** @type {string} */ name) => `/${encodeURIComponent(values[name] ?? '')}`,
  );
}
