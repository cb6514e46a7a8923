// Writes what the declaration of each endpoint says into its page in docs/endpoints: its options, and what it can do
// as it is configured in the page's example. All else on a page is written by hand. `npm run docs` writes; a test says
// when it has to be written anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { builtins } from '../../src/builtins.ts';
import type { Capabilities, SinkCapabilities, SourceCapabilities } from '../../src/core/endpoint.ts';
import type { EndpointPlugin } from '../../src/core/plugin.ts';
import { withDefaults } from './defaults.ts';
import { type JsonSchema, optionRows } from './option-rows.ts';

const begin = '<!-- Written by npm run docs, from the declaration. -->';
const end = '<!-- Until here. -->';

/** What every page has, in this order. */
export const sections = ['What is promised', 'Meta', 'Limits', 'Options'] as const;

/** The ids of the endpoints that come with araldo. */
export const endpointIds: readonly string[] = Object.keys(builtins.plugins)
  .filter((id) => id.startsWith('endpoint-'))
  .toSorted();

export function endpointPageOf(id: string): string {
  return fileURLToPath(new URL(`../endpoints/${id}.md`, import.meta.url));
}

/** A page with its written part made anew. Throws where it has no place for it. */
export async function endpointPage(id: string): Promise<string> {
  const text = readFileSync(endpointPageOf(id), 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/endpoints/${id}.md: expected "${begin}" and "${end}" below it`);
  }
  const plugin = (await builtins.plugins[id]?.()) as EndpointPlugin;
  const written = [optionsOf(plugin), await abilitiesOf(plugin, exampleOf(text))].join('\n\n');
  return `${before}${begin}\n\n${written}\n\n${end}${after}`;
}

/** The first block of YAML on a page. */
export function exampleOf(page: string): string {
  return /^```yaml\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
}

function optionsOf({ options }: EndpointPlugin): string {
  const schemaOf = (io: 'input' | 'output') =>
    z.toJSONSchema(options as z.ZodType, { io, unrepresentable: 'any' }) as JsonSchema;
  const rows = optionRows(withDefaults(schemaOf('input'), schemaOf('output'))).map(
    ({ name, type, isRequired, description }) =>
      `| \`${name}\`${isRequired ? ' (required)' : ''} | ${type} | ${description.replaceAll('|', '\\|')} |`,
  );
  return ['| option | type | what it is |', '|---|---|---|', ...rows].join('\n');
}

interface Declared {
  readonly name: string;
  readonly id: string;
  readonly [option: string]: unknown;
}

/** What the endpoints of an example say that they can do. */
async function abilitiesOf(plugin: EndpointPlugin, example: string): Promise<string> {
  const { plugins } = parse(example) as { plugins: readonly Declared[] };
  const rows: string[] = [];
  for (const { name, id, ...given } of plugins) {
    if (id !== plugin.id) continue;
    const { marshal: _marshal, 'max-in-flight': _window, 'max-deliveries': _deliveries, ...options } = given;
    const parsed = await plugin.options['~standard'].validate(options);
    if (parsed.issues !== undefined) throw new Error(`${plugin.id}: ${JSON.stringify(parsed.issues)}`);
    rows.push(...rowsOf(name, plugin.capabilities(parsed.value)));
  }
  return ['Of the example:', '', '| endpoint | as a | can |', '|---|---|---|', ...rows].join('\n');
}

function rowsOf(name: string, { source, sink }: Capabilities): readonly string[] {
  return [
    ...(source === undefined ? [] : [`| \`${name}\` | source | ${sourceText(source)} |`]),
    ...(sink === undefined ? [] : [`| \`${name}\` | sink | ${sinkText(sink)} |`]),
  ];
}

const orders = { all: 'keeps all in order', lane: 'keeps each lane in order', none: 'keeps no order' };
const scopes = {
  local: 'what is sent to this instance',
  once: 'each message goes to one instance',
  copy: 'every instance gets every message',
};

function sourceText(source: SourceCapabilities): string {
  return [
    source.canPause ? 'can be held' : 'cannot be held',
    source.acks ? 'keeps a message until it is acknowledged' : 'keeps nothing until it is acknowledged',
    ...(source.redelivers ? ['delivers again what is nacked'] : []),
    orders[source.ordered],
    scopes[source.scope],
  ].join('; ');
}

const levels = {
  handed: 'a client library has it',
  flushed: 'the kernel has it',
  accepted: 'the other side has it',
  durable: 'it is stored',
};

function sinkText(sink: SinkCapabilities): string {
  const confirmed = `confirms when ${levels[sink.confirms]}`;
  return sink.pipelines === false ? `${confirmed}; one at a time` : confirmed;
}

if (import.meta.main) {
  for (const id of endpointIds) writeFileSync(endpointPageOf(id), await endpointPage(id));
}
