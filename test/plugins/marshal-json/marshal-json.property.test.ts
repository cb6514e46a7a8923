import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJson } from '../../../plugins/marshal-json/index.ts';
import { AraldoError } from '../../../src/core/errors.ts';
import { runs } from '../../runs.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });
const lenient = createJson('json', { bigNumbers: 'string', envelope: false });

/** Values of all shapes, with keys that tempt parsers, and numbers where doubles get coarse. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('constructor', 'prototype', 'toString', 'valueOf', 'length')),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value;

/** Texts that are nearly JSON. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"',
        '"a"',
        '"__proto__"',
        '"constructor"',
        '"prototype"',
      ),
      fc.constantFrom('1', '-0', '1e999', '9007199254740993', 'null', 'true', '\\', '\ufeff', ' ', '\u0000'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.from(parts.join('')));

function isForbidden(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, item]) =>
      key === '__proto__' ||
      (key === 'constructor' &&
        typeof item === 'object' &&
        item !== null &&
        Object.hasOwn(item, 'prototype')) ||
      isForbidden(item),
  );
}

function outcome(run: () => unknown): 'value' | AraldoError {
  try {
    run();
    return 'value';
  } catch (thrown) {
    if (thrown instanceof AraldoError) return thrown;
    throw thrown;
  }
}

const pristine = Object.getOwnPropertyNames(Object.prototype).sort();

describe('law 20: marshal-json', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(values, (value) => {
        fc.pre(!isForbidden(value));
        // A -0 comes back as 0, as everywhere in JSON.
        expect(json.unmarshal(json.marshal(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(lenient.unmarshal(json.marshal(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      runs(),
    );
  });

  it('gives a value or a typed error for any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearly), (bytes) => {
        for (const marshaller of [json, lenient]) {
          const result = outcome(() => marshaller.unmarshal(bytes));
          if (result !== 'value') expect(result.code).toBe('malformed-payload');
        }
      }),
      runs(),
    );
  });

  it('gives bytes or a typed error for any value', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withDate: true, withTypedArray: true }),
        (value) => {
          const result = outcome(() => json.marshal(value));
          if (result !== 'value') expect(result.code).toBe('unmarshallable-payload');
        },
      ),
      runs(),
    );
  });

  it('lets a number through exactly when it would leave as it came', () => {
    const digits = fc.stringMatching(/^-?[1-9][0-9]{0,22}(\.[0-9]{1,5})?$/);
    fc.assert(
      fc.property(digits, (text) => {
        const isHeld = Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER || String(Number(text)) === text;
        const result = outcome(() => json.unmarshal(Buffer.from(`{"n":${text}}`)));
        expect(result === 'value').toBe(isHeld);
        expect(lenient.unmarshal(Buffer.from(text))).toBe(isHeld ? Number(text) : text);
      }),
      runs(),
    );
  });

  it('never changes Object.prototype', () => {
    fc.assert(
      fc.property(nearly, values, (bytes, value) => {
        outcome(() => lenient.unmarshal(bytes));
        outcome(() => json.unmarshal(Buffer.from(JSON.stringify({ value, key: '__proto__' }))));
        expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(pristine);
      }),
      runs(),
    );
  });
});
