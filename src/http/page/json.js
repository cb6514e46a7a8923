// @ts-check
/** JSON as people read it: its keys stand back, and lines break between members, not within them. */
import { element } from './element.js';

/** Longer text is shown as it came: to take it apart would cost more than it tells. */
const MAX_LENGTH = 4_000;

/** A key of indented JSON, with the colon after it. */
const keys = /^(\s*)("(?:[^"\\]|\\.)*")(: )/gm;

/**
 * @param {string} text
 * @returns {(Node | string)[] | undefined} nothing for what is no JSON object or array
 */
export function jsonNodes(text) {
  if (text.length > MAX_LENGTH || !/^\s*[[{]/.test(text)) return undefined;
  try {
    // It starts with a bracket or brace, so if it parses it is one of these.
    const value = /** @type {object} */ (JSON.parse(text));
    return isFlat(value) ? flat(value) : indented(JSON.stringify(value, null, 2));
  } catch {
    // It only looked like JSON.
    return undefined;
  }
}

/** @param {object} value */
function isFlat(value) {
  return Object.values(value).every(
    (/** @type {unknown} */ member) => typeof member !== 'object' || member === null,
  );
}

/** @param {object} value */
function flat(value) {
  const isList = Array.isArray(value);
  const members = Object.entries(value);
  const last = members.length - 1;
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (last < 0) return [open + close];
  return members.flatMap(([key, member], place) => {
    const before = place === 0 ? `${open} ` : '';
    const name = isList ? [] : [keyNode(JSON.stringify(key)), ': '];
    const after = place < last ? ',' : ` ${close}`;
    return [element('span', { class: 'member' }, before, ...name, JSON.stringify(member) + after), ' '];
  });
}

/** @param {string} lines */
function indented(lines) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let done = 0;
  for (const match of lines.matchAll(keys)) {
    const [, indent = '', key = ''] = match;
    nodes.push(lines.slice(done, match.index) + indent, keyNode(key));
    done = match.index + indent.length + key.length;
  }
  nodes.push(lines.slice(done));
  return nodes;
}

/** @param {string} text */
function keyNode(text) {
  return element('span', { class: 'key' }, text);
}
