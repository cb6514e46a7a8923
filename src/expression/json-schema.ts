/** JSON Schema of users: compiled once, checked for each payload in a time that the payload cannot choose. */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { AraldoError } from '../core/errors.ts';
import { found } from '../options/found.ts';
import { compilePattern } from './pattern.ts';

/** Says what is wrong with a value; nothing when it is right. */
export type Check = (value: unknown) => string | undefined;

/**
 * A check of values against a JSON Schema of draft 2020-12, or of draft-07 where its `$schema` says so. `format` is an
 * annotation, as in the standard; patterns are those of `matches()` in expressions, whose time is bounded. An unknown
 * keyword is an error, as an unknown key is everywhere; those that begin with `x-` are yours.
 *
 * Rejects with an `AraldoError` (`invalid-value`) for what is no such schema. The library is loaded with the first one.
 *
 * @param subject what the checked value is called: `payload`.
 * @example
 * const check = await jsonSchema({ type: 'object', required: ['id'] });
 * check({}) // 'payload: expected to have required property "id", found a map'
 */
export async function jsonSchema(schema: unknown, subject = 'payload'): Promise<Check> {
  const validate = await compile(schema);

  return (value) => {
    if (validate(value)) return undefined;
    const error = validate.errors?.[0];
    return error === undefined ? `${subject}: not valid` : sentence(error, subject);
  };
}

const drafts: Readonly<Record<string, '2020-12' | '07'>> = {
  'https://json-schema.org/draft/2020-12/schema': '2020-12',
  'http://json-schema.org/draft-07/schema': '07',
};

async function compile(schema: unknown): Promise<ValidateFunction> {
  if (typeof schema === 'boolean') return compile(schema ? {} : { not: {} });
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new AraldoError('invalid-value', `expected a JSON Schema, found ${found(schema)}`);
  }
  const stated = (schema as Readonly<Record<string, unknown>>)['$schema'];
  const draft = typeof stated === 'string' ? drafts[stated.replace(/#$/, '')] : undefined;
  if (stated !== undefined && draft === undefined) {
    const known = 'draft 2020-12 or draft-07';
    throw new AraldoError('invalid-value', `expected a JSON Schema of ${known}, found ${found(stated)}`);
  }
  const { Ajv } = draft === '07' ? await import('ajv') : { Ajv: (await import('ajv/dist/2020.js')).Ajv2020 };
  try {
    const ajv = new Ajv({
      validateFormats: false,
      // What is strict of these is about style.
      strictTypes: false,
      strictTuples: false,
      strictRequired: false,
      // Errors know the value that they are about.
      verbose: true,
      logger: false,
      code: { regExp: boundedPattern },
    });
    for (const word of ownWords(schema)) ajv.addKeyword(word);
    return ajv.compile(schema);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('invalid-value', `expected a JSON Schema: ${reason}`, { cause: thrown });
  }
}

/** What the library takes for a class of regular expressions. */
const boundedPattern = Object.assign(
  // The library tells patterns apart by their text.
  (pattern: string) => ({ test: compilePattern(pattern), toString: () => pattern }),
  // The library names it in modules that it writes; none are written here.
  { code: 'boundedPattern' },
);

/** Keywords `x-…`, wherever they stand. A name of a property among them does no harm. */
function ownWords(schema: object): ReadonlySet<string> {
  const words = new Set<string>();
  const open: unknown[] = [schema];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== 'object' || part === null) continue;
    for (const [key, value] of Object.entries(part)) {
      if (/^x-[\w-]*$/.test(key)) words.add(key);
      open.push(value);
    }
  }
  return words;
}

/** `payload.items[2].qty: expected to be integer, found "ten"`. */
function sentence(
  { instancePath, message = 'not valid', keyword, params, data }: ErrorObject,
  subject: string,
): string {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
  const expected = message.replace(/^must /, 'expected to ');
  return `${subject}${path}: ${expected}${more(keyword, params)}, found ${found(data)}`;
}

/** What the library knows and does not say. */
function more(keyword: string, params: Readonly<Record<string, unknown>>): string {
  switch (keyword) {
    case 'additionalProperties':
      return `: ${found(params['additionalProperty'])}`;
    case 'unevaluatedProperties':
      return `: ${found(params['unevaluatedProperty'])}`;
    case 'enum':
      return `: ${(params['allowedValues'] as unknown[]).slice(0, 20).map(found).join(', ')}`;
    case 'const':
      return `: ${found(params['allowedValue'])}`;
    default:
      return '';
  }
}
