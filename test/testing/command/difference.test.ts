import { describe, expect, it } from 'vitest';
import { differencesOf } from '../../../src/testing/command/difference.ts';

const linesOf = (expected: unknown, found: unknown, isPartial = false): readonly string[] =>
  differencesOf(expected, found, { path: 'payload', isPartial }).map(({ path, text }) => `${path}: ${text}`);

describe('the differences of two values', () => {
  it.each([
    [1, 1],
    [0, -0],
    [null, null],
    [
      { a: 1, b: [1, { c: 2 }] },
      { b: [1, { c: 2 }], a: 1 },
    ],
    ['text', Buffer.from('text')],
    [Buffer.from([1]), new Uint8Array([1])],
  ])('of %o and %o are none', (expected, found) => {
    expect(linesOf(expected, found)).toEqual([]);
  });

  it.each([
    [1, '1', ["payload: expected 1, found '1'"]],
    [{ a: 1 }, { a: 2 }, ['payload.a: expected 1, found 2']],
    [{ a: 1 }, {}, ['payload.a: expected 1, found nothing']],
    [{}, { a: null }, ['payload.a: expected nothing, found null']],
    [[1, 2], [1], ['payload[1]: expected 2, found nothing']],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }, ['payload.a[0].b: expected 1, found 2']],
    [{ 'a b': 1 }, { 'a b': 2 }, ['payload["a b"]: expected 1, found 2']],
    [[], {}, ['payload: expected [], found {}']],
    ['text', Buffer.from('other'), ['payload: expected text, found other']],
  ])('of %o and %o have their paths', (expected, found, lines) => {
    expect(linesOf(expected, found).map((line) => line.replaceAll('"1"', "'1'"))).toEqual(lines);
  });

  it('leave out keys that nobody asked for, in a partial comparison', () => {
    expect(linesOf({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, true)).toEqual([]);
    expect(linesOf({ a: { b: 1 } }, { a: { b: 1, c: 2 } })).toEqual([
      'payload.a.c: expected nothing, found 2',
    ]);
    expect(linesOf({ a: [1] }, { a: [1, 2] }, true)).toEqual(['payload.a[1]: expected nothing, found 2']);
  });

  it('are no more than a person reads', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, place) => [`k${place}`, place]));
    expect(linesOf(many, {})).toHaveLength(5);
  });
});
