/** The keys that a schema knows, for suggestions: from its JSON Schema, where its library can export one. */
import type { Schema } from '../core/schema.ts';

/** The part of Standard JSON Schema (https://standardschema.dev/json-schema) that is needed here. */
interface JsonSchemaExporter {
  readonly jsonSchema?: { readonly input: (options: { target: string }) => unknown };
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** The keys of the map at `path`; none where they are not known. */
export function keysAt(schema: Schema, path: readonly PropertyKey[]): readonly string[] {
  let level = [exported(schema)].flatMap(alternatives);
  for (const key of path) level = level.flatMap((part) => below(part, key)).flatMap(alternatives);
  return [...new Set(level.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function exported(schema: Schema): JsonSchema {
  const exporter = schema['~standard'] as JsonSchemaExporter;
  try {
    const json = exporter.jsonSchema?.input({ target: 'draft-2020-12' });
    return typeof json === 'object' && json !== null ? json : {};
  } catch {
    // Not every schema has a form in JSON Schema; then there is no suggestion.
    return {};
  }
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const { anyOf = [], oneOf = [], allOf = [] } = schema;
  return [schema, ...anyOf, ...oneOf, ...allOf];
}

function below({ properties = {}, items, additionalProperties }: JsonSchema, key: PropertyKey): JsonSchema[] {
  if (typeof key === 'number') return items === undefined ? [] : [items];
  const named = Object.hasOwn(properties, key) ? properties[String(key)] : undefined;
  if (named !== undefined) return [named];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}
