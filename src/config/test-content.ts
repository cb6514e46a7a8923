/** What a message of a test carries: a value, or the text or bytes that travel, and its meta. */
import type { Meta } from '../core/message.ts';
import { expected, readKey, readMap, readText } from './fields.ts';
import type { Problems } from './problem.ts';
import type { ContentPlan } from './test-plan.ts';
import { type MapNode, missingSpot, type Node, plainOf } from './tree.ts';

/** One of them says what a message carries. */
export const contentKeys = ['payload', 'text', 'base64'] as const;

export function readContent(map: MapNode, problems: Problems): ContentPlan | undefined {
  const [key, another] = contentKeys.filter((key) => map.entries.has(key));
  if (key === undefined) {
    problems.report(
      'missing-key',
      missingSpot(map, 'payload'),
      'expected a payload (or text or base64: what travels as it is), found nothing',
    );
    return undefined;
  }
  if (another !== undefined) reportSecond(map, key, another, problems);
  const node = map.entries.get(key)?.value as Node;
  if (key === 'payload') return { payload: plainOf(node) };
  if (key === 'text') {
    const text = readAnyText(node, problems);
    return text === undefined ? undefined : { text };
  }
  const base64 = readBase64(node, problems);
  return base64 === undefined ? undefined : { base64 };
}

export function reportSecond(map: MapNode, key: string, another: string, problems: Problems): void {
  const spot = map.entries.get(another)?.key ?? map;
  problems.report('invalid-value', spot, `expected one of ${key} and ${another}, found both`);
}

/** `key`, `headers` and all else under `meta`, as one. */
export function readMeta(map: MapNode, problems: Problems): Meta {
  const meta = readKey(map, 'meta', problems, (node) => readMap(node, problems, 'a map of meta'));
  const key = readKey(map, 'key', problems, readText);
  const headers = readKey(map, 'headers', problems, readHeaders);
  return {
    ...(meta === undefined ? {} : (plainOf(meta) as Meta)),
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function readHeaders(node: Node, problems: Problems): Readonly<Record<string, string>> | undefined {
  const map = readMap(node, problems, 'a map of headers');
  if (map === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, { value }] of map.entries) {
    const text = readAnyText(value, problems);
    if (text !== undefined) headers[name] = text;
  }
  return headers;
}

/** Text that may be empty. */
export function readAnyText(node: Node, problems: Problems): string | undefined {
  if (node.kind === 'scalar' && node.value === '') return '';
  return readText(node, problems);
}

export function readBase64(node: Node, problems: Problems): string | undefined {
  const text = readAnyText(node, problems);
  if (text === undefined) return undefined;
  // What decodes to something else than it was made of is a typing mistake.
  const normal = Buffer.from(text, 'base64').toString('base64');
  if (normal.replace(/=+$/, '') === text.replace(/=+$/, '')) return normal;
  return expected('bytes in base64', node, problems);
}
