/** Payloads that a JSON Schema admits. */
import fc from 'fast-check';

/** The keywords that are read; others are ignored. `true` admits anything, `false` nothing. */
export type JsonSchema =
  | boolean
  | {
      readonly type?: string | readonly string[];
      readonly const?: unknown;
      readonly enum?: readonly unknown[];
      readonly properties?: Readonly<Record<string, JsonSchema>>;
      readonly required?: readonly string[];
      readonly items?: JsonSchema;
      readonly minItems?: number;
      readonly maxItems?: number;
      readonly uniqueItems?: boolean;
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly pattern?: string;
      readonly format?: string;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly exclusiveMinimum?: number;
      readonly exclusiveMaximum?: number;
      readonly multipleOf?: number;
      readonly oneOf?: readonly JsonSchema[];
      readonly anyOf?: readonly JsonSchema[];
      readonly allOf?: readonly JsonSchema[];
      readonly $ref?: string;
      readonly [keyword: string]: unknown;
    };

type Keywords = Exclude<JsonSchema, boolean>;

/** A schema that refers to itself ends here: optional parts are left out, lists are empty. */
const DEEPEST = 6;

const MOST_ITEMS = 5;

/**
 * Payloads of a schema, for the common part of JSON Schema: `type`, `const`, `enum`, `properties`, `required`,
 * `items` and their bounds, bounds of numbers and texts, `multipleOf`, `format` (the usual ones), and `$ref` within
 * the schema. `oneOf` and `anyOf` choose one, `allOf` merges what stands in it; conditions (`if`, `not`,
 * `dependentSchemas`) are not read. A `pattern` is a hint: texts match it where it can be turned into a generator.
 *
 * Throws a `TypeError` for a schema that admits nothing, or refers to what is not there.
 *
 * @example
 * const orders = payloadsOf({
 *   type: 'object',
 *   required: ['id', 'qty'],
 *   properties: { id: { type: 'string', minLength: 1 }, qty: { type: 'integer', minimum: 0, maximum: 9 } },
 * });
 */
export function payloadsOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  return any(schema, schema, 0);
}

function any(schema: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (schema === true) return fc.jsonValue({ maxDepth: 1 });
  if (schema === false)
    throw new TypeError('a schema of false admits nothing: there is no payload to generate');
  const keywords = resolved(schema, root);
  if ('const' in keywords) return fc.constant(keywords.const);
  if (keywords.enum !== undefined) return fc.constantFrom(...keywords.enum);
  const choices = keywords.oneOf ?? keywords.anyOf;
  if (choices !== undefined) {
    const { oneOf: _oneOf, anyOf: _anyOf, ...rest } = keywords;
    return fc.oneof(...choices.map((choice) => any(merged([rest, choice], root), root, depth + 1)));
  }
  const types = typesOf(keywords);
  return fc.oneof(...types.map((type) => ofType(type, keywords, root, depth)));
}

/** Without `$ref` and `allOf`: what they stand for is part of it. */
function resolved(schema: Keywords, root: JsonSchema): Keywords {
  let keywords = schema;
  for (let hops = 0; keywords.$ref !== undefined; hops += 1) {
    if (hops > DEEPEST) throw new TypeError(`${keywords.$ref} refers to itself`);
    const { $ref, ...rest } = keywords;
    keywords = asKeywords(merged([rest, pointed($ref, root)], root));
  }
  if (keywords.allOf === undefined) return keywords;
  const { allOf, ...rest } = keywords;
  return resolved(asKeywords(merged([rest, ...allOf], root)), root);
}

/** The keywords of all; where two have one, the last wins, but properties and required add up. */
function merged(schemas: readonly JsonSchema[], root: JsonSchema): JsonSchema {
  let all: Keywords = {};
  for (const schema of schemas) {
    if (schema === false) return false;
    if (schema === true) continue;
    const next = schema.$ref === undefined ? schema : resolved(schema, root);
    const properties = { ...all.properties, ...next.properties };
    const required = [...(all.required ?? []), ...(next.required ?? [])];
    all = {
      ...all,
      ...next,
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required }),
    };
  }
  return all;
}

function asKeywords(schema: JsonSchema): Keywords {
  if (typeof schema === 'object') return schema;
  if (schema) return {};
  throw new TypeError('a schema of false admits nothing: there is no payload to generate');
}

/** `#/$defs/address`, as a JSON Pointer. */
function pointed(ref: string, root: JsonSchema): JsonSchema {
  if (!ref.startsWith('#')) throw new TypeError(`expected a $ref within the schema, found ${ref}`);
  let at: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    at = (at as Readonly<Record<string, unknown>> | undefined)?.[key];
  }
  if (typeof at === 'object' && at !== null) return at as JsonSchema;
  if (typeof at === 'boolean') return at;
  throw new TypeError(`expected a schema at ${ref}, found none`);
}

/** What is stated, or what the other keywords speak of. */
function typesOf(keywords: Keywords): readonly string[] {
  const { type } = keywords;
  if (typeof type === 'string') return [type];
  if (type !== undefined) return type;
  if (keywords.properties !== undefined || keywords.required !== undefined) return ['object'];
  if (keywords.items !== undefined || keywords.minItems !== undefined) return ['array'];
  if (keywords.pattern !== undefined || keywords.minLength !== undefined || keywords.format !== undefined) {
    return ['string'];
  }
  const isNumeric = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
  return isNumeric.some((keyword) => keyword in keywords) ? ['number'] : ['any'];
}

function ofType(type: string, keywords: Keywords, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'any':
      return fc.jsonValue({ maxDepth: 1 });
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return integers(keywords);
    case 'number':
      return numbers(keywords);
    case 'string':
      return texts(keywords);
    case 'array':
      return lists(keywords, root, depth);
    case 'object':
      return maps(keywords, root, depth);
    default:
      throw new TypeError(`expected a type of JSON Schema, found ${type}`);
  }
}

function integers(keywords: Keywords): fc.Arbitrary<unknown> {
  const { exclusiveMinimum, exclusiveMaximum, multipleOf: step = 1 } = keywords;
  let min = keywords.minimum ?? (exclusiveMinimum === undefined ? -1_000_000 : exclusiveMinimum);
  let max =
    keywords.maximum ?? (exclusiveMaximum === undefined ? Math.max(1_000_000, min) : exclusiveMaximum);
  if (min === exclusiveMinimum) min += Number.EPSILON + 1e-9;
  if (max === exclusiveMaximum) max -= 1e-9;
  const [low, high] = [Math.ceil(min / step), Math.floor(max / step)];
  if (low > high) throw new TypeError(`no integer lies between ${min} and ${max}`);
  return fc.integer({ min: low, max: high }).map((count) => count * step);
}

function numbers(keywords: Keywords): fc.Arbitrary<unknown> {
  if (keywords.multipleOf !== undefined) return integers(keywords);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = keywords;
  const min = exclusiveMinimum ?? minimum;
  const max = exclusiveMaximum ?? maximum;
  return fc
    .double({
      noNaN: true,
      noDefaultInfinity: true,
      ...(min !== undefined && { min, minExcluded: exclusiveMinimum !== undefined }),
      ...(max !== undefined && { max, maxExcluded: exclusiveMaximum !== undefined }),
    })
    .map((number) => (number === 0 ? 0 : number));
}

const formats: Readonly<Record<string, () => fc.Arbitrary<string>>> = {
  'date-time': () =>
    fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((at) => at.toISOString()),
  date: () =>
    fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((at) => at.toISOString().slice(0, 10)),
  email: () => fc.emailAddress(),
  uuid: () => fc.uuid(),
  uri: () => fc.webUrl(),
  hostname: () => fc.domain(),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
};

function texts({ minLength = 0, maxLength, pattern, format }: Keywords): fc.Arbitrary<unknown> {
  const made = pattern === undefined ? formats[format ?? '']?.() : matching(pattern);
  // JSON Schema counts code points, and so does this unit.
  const unit = 'grapheme-ascii' as const;
  if (made === undefined)
    return fc.string({ unit, minLength, ...(maxLength !== undefined && { maxLength }) });
  return made.filter((text) => {
    const length = Array.from(text).length;
    return length >= minLength && length <= (maxLength ?? Number.POSITIVE_INFINITY);
  });
}

/** A pattern that has no generator is no more than a hint. */
function matching(pattern: string): fc.Arbitrary<string> | undefined {
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'));
  } catch {
    return undefined;
  }
}

function lists(keywords: Keywords, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const { items = true, minItems = 0, maxItems, uniqueItems = false } = keywords;
  if (depth > DEEPEST && minItems === 0) return fc.constant([]);
  const bounds = { minLength: minItems, maxLength: Math.max(minItems, maxItems ?? minItems + MOST_ITEMS) };
  const item = any(items, root, depth + 1);
  if (!uniqueItems) return fc.array(item, bounds);
  return fc.uniqueArray(item, { ...bounds, selector: (one) => JSON.stringify(one) });
}

function maps(keywords: Keywords, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = keywords;
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, schema] of Object.entries(properties)) {
    if (schema === false || (depth > DEEPEST && !required.includes(name))) continue;
    model[name] = any(schema, root, depth + 1);
  }
  for (const name of required) model[name] ??= fc.jsonValue({ maxDepth: 1 });
  return fc.record(model, {
    requiredKeys: Object.keys(model).filter((name) => required.includes(name)),
    noNullPrototype: true,
  });
}
