// The options of a step as rows of a table, from the JSON Schema of their declaration.

export interface OptionRow {
  /** `key`, `cache.for`, `cases[].when`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

/** What of JSON Schema our declarations use. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly $ref?: string;
}

/** The kinds of value that the options may be by themselves: `throttle: 1s`. */
export function shortForms(schema: JsonSchema): readonly string[] {
  const forms = schema.anyOf ?? [schema];
  return forms.filter(({ properties }) => properties === undefined).map(typeOf);
}

/** Rows for all keys of the long form, those of maps within them after their own. */
export function optionRows(schema: JsonSchema, within = ''): readonly OptionRow[] {
  const long = (schema.anyOf ?? [schema]).find(({ properties }) => properties !== undefined);
  return Object.entries(long?.properties ?? {}).flatMap(([key, option]) => {
    const row: OptionRow = {
      name: `${within}${key}`,
      type: typeOf(option),
      isRequired: long?.required?.includes(key) === true,
      description: describe(option),
    };
    const inner = option.type === 'array' ? option.items : option;
    const path = option.type === 'array' ? `${within}${key}[].` : `${within}${key}.`;
    return [row, ...optionRows(inner ?? {}, path)];
  });
}

function describe({ description = '', default: given }: JsonSchema): string {
  const isSaid = given === undefined || description.includes('unless given');
  return isSaid ? description : `${description.replace(/\.$/, '')}; ${word(given)} unless given.`;
}

export function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return 'any value';
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${word(each)}\``).join(', ');
  if (schema.const !== undefined) return `\`${word(schema.const)}\``;
  const example = word(schema.examples?.[0] ?? '');
  // A size may be a number too: as a whole it is a size.
  if (/^\d+(KiB|ms)$/.test(example)) return example.endsWith('ms') ? 'duration' : 'size';
  if (/^\d+\/\w+$/.test(example)) return 'rate';
  if (example.includes('payload')) return 'expression';
  if (schema.pattern?.endsWith('\\/') === true) return 'path';
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  return kinds[schema.type ?? ''] ?? 'any value';
}

/** As it is written in YAML. */
function word(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: '`true`, `false`',
  array: 'list',
  object: 'map',
};
