/** The patterns of Redis Pub/Sub: `news.*`, `user.?`, `log.[ab]`, and `\` before a character to mean itself. */

/** Whether a subscription names many channels, in Redis's own notation. */
export function isPattern(subscription: string): boolean {
  return /[*?[]/.test(subscription);
}

/** Whether Redis would deliver what is published on `channel` to a subscription of `pattern`. */
export function matches(pattern: string, channel: string): boolean {
  return patternOf(pattern).test(channel);
}

/** What matches all that a subscription of `pattern` reads, behind a text that stands before each channel. */
export function patternOf(pattern: string, before = ''): RegExp {
  return new RegExp(`^${Array.from(before, exactly).join('')}${source(pattern)}$`, 'su');
}

/** The same as a regular expression, as Redis reads it (`stringmatchlen` in its source). */
function source(pattern: string): string {
  const parts = pattern.matchAll(/\*+|\?|\[(\^?)((?:\\.|[^\]\\])*)\]?|\\?([^])/gu);
  return [...parts]
    .map(([part, not, members, literal]) => {
      if (part.startsWith('*')) return '.*';
      if (part === '?') return '.';
      if (members !== undefined) return set(members, not === '^');
      return exactly(literal ?? '');
    })
    .join('');
}

function set(members: string, isNegated: boolean): string {
  const parts = [...members.matchAll(/\\?([^])-\\?([^])|\\?([^])/gu)].map(([, from, to, one]) => {
    if (from === undefined || to === undefined) return exactly(one ?? '');
    const [low, high] = codeOf(from) <= codeOf(to) ? [from, to] : [to, from];
    return `${exactly(low)}-${exactly(high)}`;
  });
  if (parts.length === 0) return isNegated ? '.' : '(?!)';
  return `[${isNegated ? '^' : ''}${parts.join('')}]`;
}

/** Escaped, so that it means itself anywhere. */
function exactly(character: string): string {
  return `\\u{${codeOf(character).toString(16)}}`;
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
