// What every marshaller does whose format carries its own structure, in bytes: CBOR and MessagePack.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Marshaller } from '../../src/core/marshaller.ts';
import type { MarshallerPlugin } from '../../src/core/plugin.ts';
import type { selfDescribingOptions } from '../../src/formats/self-describing.ts';
import { marshallerLaws } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';
import { reasonOf } from './reason.ts';
import { plainValues } from './values.ts';

export interface SelfDescribingFormat {
  readonly plugin: MarshallerPlugin<ReturnType<typeof selfDescribingOptions>>;
  readonly marshaller: Marshaller;
  /** The same with `big-numbers: string`. */
  readonly lenient: Marshaller;
  /** The format as errors call it. */
  readonly called: string;
  /** First bytes of its kinds of values, in hexadecimal: for bytes that are nearly a value. */
  readonly heads: string;
}

/** Registers law 20 and what it has in common with the others. */
export function walkSelfDescribing({
  plugin,
  marshaller,
  lenient,
  called,
  heads,
}: SelfDescribingFormat): void {
  describe(`law 20: ${plugin.id}`, () => {
    /** Heads of all kinds in any order, with few bytes after them. */
    const nearly = fc
      .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...bytesOf(heads))), {
        maxLength: 40,
      })
      .map((bytes) => Uint8Array.from(bytes));
    const laws = [
      ...marshallerLaws(plugin.id, { marshaller, values: plainValues, nearly }),
      ...marshallerLaws('with big numbers as text', { marshaller: lenient, values: plainValues, nearly }),
    ];
    for (const law of laws) it(law.name, () => law.check(runs({ share: 0.5, quick: 0.5 })));
  });

  describe(`${plugin.id}, whose format carries its own structure`, () => {
    it('has the options of marshal-json', () => {
      const { validate } = plugin.options['~standard'];
      expect(validate({})).toEqual({ value: { bigNumbers: 'refuse', envelope: false } });
      const given = { 'big-numbers': 'string', envelope: true };
      expect(validate(given)).toEqual({ value: { bigNumbers: 'string', envelope: true } });
      expect(plugin.envelope?.({ bigNumbers: 'refuse', envelope: true })).toBe(true);
      expect(validate({ bignumbers: 'string' })).toHaveProperty('issues');
    });

    it.each([
      ['undefined', undefined, 'undefined'],
      ['an undefined element', [undefined], 'undefined'],
      ['a bigint', { n: 1n }, 'a bigint'],
      ['a function', { f: () => 1 }, 'a function'],
      ['a symbol', Symbol('x'), 'a symbol'],
      ['a Map', new Map(), 'a Map'],
      ['an invalid date', new Date(Number.NaN), 'an invalid Date'],
      ['a date too far away', new Date(8.64e15), 'a Date beyond the year 71,000'],
      ['half of a surrogate pair', '\ud800', 'half of a surrogate pair'],
      ['half of one in a key', { '\ud800': 1 }, 'half of a surrogate pair'],
      ['an object of a class', new (class Order {})(), 'an object of a class'],
      ['floats', new Float64Array(1), 'a Float64Array'],
      ['__proto__', JSON.parse('{"__proto__":1}'), 'the key "__proto__"'],
    ])('refuses to write %s', (_what, value, flaw) => {
      expect(reasonOf(() => marshaller.marshal(value))).toBe(
        `unmarshallable-payload: ${called} has no form for ${flaw}`,
      );
    });

    it('refuses to write what is within itself', () => {
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      expect(reasonOf(() => marshaller.marshal(cycle))).toContain('more than 64 levels');
    });

    it('gives bytes of its own, which do not change with those it read', () => {
      const bytes = Buffer.from(marshaller.marshal(Uint8Array.of(1, 2)));
      const value = marshaller.unmarshal(bytes);
      bytes.fill(0);
      expect(value).toEqual(Uint8Array.of(1, 2));
      expect(Object.keys(bytes)).toEqual(Array.from(bytes, (_byte, place) => String(place)));
    });
  });
}

/** A marshaller by the bytes that it reads and writes, in hexadecimal; blanks between them mean nothing. */
export function inHex(marshaller: Marshaller): {
  read(hex: string): unknown;
  written(value: unknown): string;
} {
  return {
    read: (hex) => marshaller.unmarshal(bytesOf(hex)),
    written: (value) => Buffer.from(marshaller.marshal(value)).toString('hex'),
  };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}
