// Writes docs/operators.md: a section for each operator, from its declaration and its docstring, so that they cannot
// say different things. `npm run docs` writes it; a test says when it has to be written anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { operatorTable } from '../../operators/table.ts';
import type { OperatorDefinition } from '../../src/core/operator.ts';
import { type JsonSchema, optionRows, shortForms } from './option-rows.ts';
import { sourceText } from './source-text.ts';

const page = fileURLToPath(new URL('../operators.md', import.meta.url));

/** By file: what YAML has no word for, because the server does it where it is needed. */
const inCodeAlone = ['claim', 'buffer', 'sink-of'];

const introduction = `<!-- Written by npm run docs, from the declarations and docstrings in operators/. -->

# Operators

Steps of a route, under \`via:\` in YAML and as functions in code, by the same names: \`import { dedupe } from 'araldo/operators'\`. Names of two words are joined in code: \`order-by\` is \`orderBy\`. Only \`switch\` has another name there, \`switchTo\`: JavaScript keeps the word for itself.

Every operator settles what it takes: what it drops is discarded by a reason that is counted, what it joins is settled as the whole is, what it keeps is bounded and goes back to its source when the route ends. A message at which it throws fails alone. Durations are written \`250ms\`, sizes \`64KiB\`, expressions in [CEL](configuration.md#expressions).

Diagrams run from left to right: above what comes, below what leaves.

`;

/** The whole page. */
export async function operatorsPage(): Promise<string> {
  const names = Object.keys(operatorTable).toSorted();
  const definitions = await Promise.all(names.map(definitionOf));
  const list = definitions.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`);
  const contents = ['| step | what it does |', '|---|---|', ...list].join('\n');
  const sections = definitions.map(stepSection).join('\n');
  const others = inCodeAlone.map(codeSection).join('\n');
  const between = 'Compile puts these where a route needs them; in code you write them yourself.';
  return `${introduction}${contents}\n\n${sections}\n# In code alone\n\n${between}\n\n${others}`;
}

async function definitionOf(name: string): Promise<OperatorDefinition> {
  const definition = await operatorTable[name]?.();
  if (definition === undefined) throw new Error(`no operator is named ${name}`);
  return definition;
}

function stepSection(definition: OperatorDefinition): string {
  const { name } = definition;
  const { text, marbles, yaml, code, signature, parameters } = textOf(name);
  const schema = z.toJSONSchema(definition.options as z.ZodType, { io: 'input', unrepresentable: 'any' });
  const isSeveral = yaml.split(/^ {2}- /m).length > 2;
  const via = isSeveral ? 'via: # one of these' : 'via:';
  const route = `routes:\n  orders:\n    ${via}\n${indented(yaml, 4)}\n    to: archive`;
  return [
    `## ${name}`,
    definition.summary,
    text,
    fenced('', marbles),
    fenced('yaml', route),
    code,
    optionsText(name, schema as JsonSchema),
    parameters.map(({ name, text }) => `\`${name}\`: ${text}`).join('\n\n'),
    `In code: \`${signature}\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function codeSection(file: string): string {
  const { text, marbles, code, signature, parameters } = textOf(file);
  const words = parameters.map(({ name, text }) => `\`${name}\`: ${text}`).join('\n\n');
  return [
    `## ${signature.replace(/\W.*/, '')}`,
    text,
    fenced('', marbles),
    fenced('ts', code),
    words,
    `\`${signature}\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function textOf(file: string): ReturnType<typeof sourceText> {
  return sourceText(readFileSync(new URL(`../../operators/${file}.ts`, import.meta.url), 'utf8'));
}

function optionsText(name: string, schema: JsonSchema): string {
  const short = shortForms(schema);
  const form = short.length === 0 ? '' : `\`${name}:\` takes ${short.map(withArticle).join(', ')}`;
  const rows = optionRows(schema).map(
    ({ name, type, isRequired, description }) =>
      `| \`${name}\`${isRequired ? ' (required)' : ''} | ${type} | ${escaped(description)} |`,
  );
  if (rows.length === 0) return `${form}.`;
  const table = ['| option | type | what it is |', '|---|---|---|', ...rows].join('\n');
  return form === '' ? table : `${form}, or a map:\n\n${table}`;
}

function withArticle(kind: string): string {
  return kind === 'text' ? 'text' : `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function indented(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(spaces));
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) writeFileSync(page, await operatorsPage());
