// Writes what the declaration of each marshaller says into its page in docs/marshallers: its options. All else on a page
// is written by hand. `npm run docs` writes; a test says when it has to be written anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { builtins } from '../../src/builtins.ts';
import { withDefaults } from './defaults.ts';
import { type JsonSchema, optionRows } from './option-rows.ts';

const begin = '<!-- Written by npm run docs, from the declaration. -->';
const end = '<!-- Until here. -->';

/** What every page has, in this order. */
export const marshallerSections = ['Values', 'Limits', 'Options'] as const;

/** The ids of the marshallers that come with araldo. */
export const marshallerIds: readonly string[] = Object.keys(builtins.plugins)
  .filter((id) => id.startsWith('marshal-'))
  .toSorted();

export function marshallerPageOf(id: string): string {
  return fileURLToPath(new URL(`../marshallers/${id}.md`, import.meta.url));
}

/** A page with its written part made anew. Throws where it has no place for it. */
export async function marshallerPage(id: string): Promise<string> {
  const text = readFileSync(marshallerPageOf(id), 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/marshallers/${id}.md: expected "${begin}" and "${end}" below it`);
  }
  const plugin = await builtins.plugins[id]?.();
  return `${before}${begin}\n\n${optionsOf(plugin?.options as z.ZodType)}\n\n${end}${after}`;
}

function optionsOf(options: z.ZodType): string {
  const schemaOf = (io: 'input' | 'output') =>
    z.toJSONSchema(options, { io, unrepresentable: 'any' }) as JsonSchema;
  const rows = optionRows(withDefaults(schemaOf('input'), schemaOf('output'))).map(
    ({ name, type, isRequired, description }) =>
      `| \`${name}\`${isRequired ? ' (required)' : ''} | ${type} | ${description.replaceAll('|', '\\|')} |`,
  );
  if (rows.length === 0) return 'It has none.';
  return ['| option | type | what it is |', '|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) {
  for (const id of marshallerIds) writeFileSync(marshallerPageOf(id), await marshallerPage(id));
}
