/** Topics and the filters that subscribe to them: `plant/+/temperature`, `plant/#`, `$share/group/plant/#`. */

/** What a length in MQTT has room for, in bytes. */
const LONGEST = 65_535;

/** A filter as it is written, taken apart. */
export interface Filter {
  /** As the broker gets it, with `$share/group/` where it is shared. */
  readonly text: string;
  /** The topics it is for, without `$share/group/`. */
  readonly topics: string;
  readonly isShared: boolean;
}

/** Takes a filter apart, or says what is wrong with it. `share` is a group for one that names none itself. */
export function readFilter(written: string, share?: string): Filter | string {
  const shared = /^\$share\/([^/]*)\/(.*)$/s.exec(written);
  if (shared === null && written.startsWith('$share/')) return 'expected $share/group/ before a topic filter';
  const topics = shared?.[2] ?? written;
  const problem = problemOfFilter(topics) ?? (shared === null ? undefined : problemOfGroup(shared[1] ?? ''));
  if (problem !== undefined) return problem;
  if (shared !== null || share === undefined) return { text: written, topics, isShared: shared !== null };
  return { text: `$share/${share}/${written}`, topics, isShared: true };
}

export function problemOfGroup(group: string): string | undefined {
  const isGroup = group !== '' && !/[/+#]/.test(group) && problemOfText(group) === undefined;
  return isGroup ? undefined : 'expected the name of a group without /, + and #';
}

function problemOfFilter(filter: string): string | undefined {
  if (filter === '') return 'expected a topic filter, such as plant/+/temperature or plant/#';
  const levels = filter.split('/');
  const isWhole = levels.every(
    (level, at) => !/[+#]/.test(level) || level === '+' || (level === '#' && at === levels.length - 1),
  );
  return isWhole
    ? problemOfText(filter)
    : 'expected + to be a whole level of a topic filter, and # to be its last level';
}

/** What is wrong with a topic to publish on, or nothing. */
export function problemOfTopic(topic: string): string | undefined {
  if (topic === '') return 'expected a topic, such as plant/1/temperature';
  return /[+#]/.test(topic) ? 'expected a topic without + and #' : problemOfText(topic);
}

/**
 * What is wrong with a text where MQTT has one. A broker ends the connection for it and does not say for which message,
 * so it is found here.
 */
export function problemOfText(text: string): string | undefined {
  if (Buffer.byteLength(text) > LONGEST) return `expected at most ${LONGEST} bytes of text`;
  if (!text.isWellFormed()) return 'expected text without half of a surrogate pair';
  return forbidden.test(text) ? 'expected text without control characters' : undefined;
}

/** U+0000 by the standard; the others a broker may refuse, and mosquitto does. */
const forbidden = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

export function isWildcard(filter: string): boolean {
  return /[+#]/.test(filter);
}

/**
 * What matches all topics of a filter, behind a text that stands before each. A wildcard in the first level does not
 * match a topic that begins with `$`: that is the broker's own.
 */
export function matcherOf(filter: string, before = ''): RegExp {
  const levels = filter.split('/');
  const hasRest = levels.at(-1) === '#';
  const named = (hasRest ? levels.slice(0, -1) : levels).map((level) =>
    level === '+' ? '[^/]*' : exactly(level),
  );
  const notOwn = /^[+#]/.test(filter) ? '(?!\\$)' : '';
  const body = named.length === 0 ? '.*' : `${named.join('/')}${hasRest ? '(?:/.*)?' : ''}`;
  return new RegExp(`^${exactly(before)}${notOwn}${body}$`, 'su');
}

/** Escaped, so that it means itself anywhere. */
function exactly(text: string): string {
  return Array.from(text, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`).join('');
}
