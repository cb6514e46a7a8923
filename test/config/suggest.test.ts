import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceOf, nearest } from '../../src/config/suggest.ts';
import { runs } from '../runs.ts';

const words = ['server-port', 'server-host', 'log-level', 'routes', 'to'];

describe('nearest', () => {
  it.each([
    ['server-prot', 'server-port'],
    ['serverPort', 'server-port'],
    ['SERVER_HOST', 'server-host'],
    ['loglevl', 'log-level'],
    ['route', 'routes'],
    ['ot', 'to'],
    ['plugins', undefined],
    ['routes', undefined],
    ['', undefined],
    ['r'.repeat(1000), undefined],
  ])('takes %s for %s', (word, expected) => {
    expect(nearest(word, words)).toBe(expected);
  });
});

describe('distanceOf', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ])('%s to %s is %i', (a, b, expected) => {
    expect(distanceOf(a, b)).toBe(expected);
  });

  it('is a distance', () => {
    const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distanceOf(a, b)).toBe(distanceOf(b, a));
        expect(distanceOf(a, b) === 0).toBe(a === b);
        expect(distanceOf(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
      runs(),
    );
  });
});
