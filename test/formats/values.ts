// Values of formats that have null, booleans, numbers, text, bytes, dates, lists and maps: with the keys, numbers and
// texts on which codecs differ.
import fc from 'fast-check';

const keys = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('constructor', 'toString', 'toJSON', 'length', 'size', 'key', 'then', '', '\ufeffkey'),
);

const edges = [2 ** 31, 2 ** 32, 2 ** 53].flatMap((edge) => [
  edge - 1,
  edge,
  edge + 1,
  -edge - 1,
  -edge,
  1 - edge,
]);

export const plainValues: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => text.isWellFormed()),
    fc.double().map((number) => number + 0),
    fc.maxSafeInteger(),
    fc.constantFrom(...edges),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true, min: new Date(-(2 ** 41) * 1000), max: new Date(2 ** 41 * 1000) }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc
      .dictionary(
        keys.filter((key) => key.isWellFormed()),
        tie('value'),
        { maxKeys: 5 },
      )
      .map(ordinary),
  ),
})).value;

/** A map with the prototype of literals, and none of the keys that no marshaller writes. */
function ordinary(map: object): object {
  return Object.fromEntries(
    Object.entries(map).filter(
      ([key, item]: [string, unknown]) =>
        key !== '__proto__' &&
        !(
          key === 'constructor' &&
          typeof item === 'object' &&
          item !== null &&
          Object.hasOwn(item, 'prototype')
        ),
    ),
  );
}
