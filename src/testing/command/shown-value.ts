/** Values in the words of the YAML, so that what was found can be copied into what is expected. */
import { isUtf8 } from 'node:buffer';
import { Document, isCollection, visit } from 'yaml';
import { displayWidth } from '../../config/columns.ts';
import { printable } from '../../config/problem.ts';

/** On one line: `{ id: 1, total: 150 }`. */
export function shownValue(value: unknown): string {
  return printable(flow(plainOf(value)));
}

/** On one line where it fits, else on several, in blocks. */
export function shownLines(value: unknown, width: number): readonly string[] {
  const plain = plainOf(value);
  const line = printable(flow(plain));
  if (displayWidth(line) <= width || typeof plain !== 'object' || plain === null) return [line];
  return blocks(plain).split('\n').map(printable);
}

function flow(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Collection: (_key, collection) => {
      collection.flow = true;
    },
  });
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: true, singleQuote: true }).trimEnd();
  // Text of several lines stands in a block of its own, and a flow that is too long is broken all the same.
  return text.includes('\n') ? JSON.stringify(value) : text;
}

function blocks(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Collection: (_key, collection) => {
      collection.flow = isCollection(collection) && collection.items.length === 0;
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true }).trimEnd();
}

/** What YAML can say: bytes as text where they are that, and nothing that would end the writing. */
function plainOf(value: unknown, depth = 0): unknown {
  if (value instanceof Uint8Array) {
    return isUtf8(value) ? Buffer.from(value).toString() : { base64: Buffer.from(value).toString('base64') };
  }
  if (value === undefined) return null;
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((item) => plainOf(item, depth + 1));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
  if (value instanceof Set) return plainOf([...value], depth);
  if (value instanceof Map) return plainOf(Object.fromEntries(value), depth);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOf(item, depth + 1)]));
}

const DEEPEST = 64;
