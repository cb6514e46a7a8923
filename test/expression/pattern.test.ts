import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { Message } from '../../src/core/message.ts';
import { compilePredicate } from '../../src/expression/expression.ts';
import { compilePattern } from '../../src/expression/pattern.ts';
import { runs } from '../runs.ts';

/** Patterns of all that is available, over few characters, so that texts over the same ones often match. */
const patterns = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      'a',
      'b',
      'c',
      'é',
      '😀',
      '.',
      '\\d',
      '\\w',
      '\\s',
      '\\b',
      '\\B',
      '^',
      '$',
      '\\.',
      '\\n',
      '\\u0061',
    ),
    fc.constantFrom('[ab]', '[^a]', '[a-c]', '[\\]b]', '[^\\w😀]', '\\p{L}', '\\P{L}', '\\u{1F600}', '\\x62'),
    tie('pattern').map((pattern) => `(${pattern})`),
    tie('pattern').map((pattern) => `(?:${pattern})`),
  ),
  pattern: fc
    .array(
      fc.tuple(
        tie('atom'),
        fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,}', '{0,2}', '{1,3}?'),
        fc.constantFrom('', '', '', '|'),
      ),
      { maxLength: 4 },
    )
    .map((parts) =>
      parts
        .map(([atom, times, separator]) => atom + (/^(?:[$^]|\\[bB])$/.test(atom) ? '' : times) + separator)
        .join(''),
    ),
})).pattern;

const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'é', '😀', '1', '.', ' ', '\n', '_', '\ud83d'), {
  // V8 backtracks: on longer texts some patterns take it for ever, and that is why there is one of our own.
  maxLength: 6,
});

describe('compilePattern', () => {
  it('matches what JavaScript matches', () => {
    let matches = 0;
    fc.assert(
      fc.property(patterns, texts, (pattern, parts) => {
        const text = parts.join('');
        let test: (text: string) => boolean;
        try {
          test = compilePattern(pattern);
        } catch (thrown) {
          expect((thrown as Error).message).toContain('more than 256 steps');
          return;
        }
        const found = new RegExp(pattern, 'u').exec(text);
        // V8 also finds what is empty between the two halves of a character; ECMAScript never looks there.
        fc.pre(found === null || !isWithinCharacter(text, found.index));
        const expected = found !== null;
        if (expected) matches += 1;
        expect(test(text)).toBe(expected);
      }),
      runs(),
    );
    expect(matches).toBeGreaterThan(0);
  });

  it.each([
    ['^(a+)+$', `${'a'.repeat(60_000)}b`],
    ['^(a|a)*$', `${'a'.repeat(60_000)}b`],
    ['^(a|aa)+$', `${'a'.repeat(60_000)}b`],
    ['.*.*.*=.*', 'x'.repeat(65_536)],
    ['(.*)(.*)(.*)(.*)(.*)[0-9]', 'x'.repeat(65_536)],
    ['(a?){30}a{30}$', `${'a'.repeat(29)}b`],
  ])('answers %s in a time that grows with the text alone', (pattern, text) => {
    expect(compilePattern(pattern)(text)).toBe(false);
  });

  it('takes texts of 65,536 characters, and not one more', () => {
    const test = compilePattern('b');
    expect(test('a'.repeat(65_536))).toBe(false);
    expect(() => test('a'.repeat(65_537))).toThrow('at most 65536 characters, found 65537');
  });

  it('takes 256 steps, and not one more', () => {
    expect(() => compilePattern('a{256}')).not.toThrow();
    expect(() => compilePattern('a{257}')).toThrow('more than 256 steps');
    expect(() => compilePattern('a{0,1000000000}')).toThrow('more than 256 steps');
    expect(compilePattern('(?:){1000000000}')('')).toBe(true);
  });

  it.each([['(?=a)'], ['(?!a)'], ['(?<=a)'], ['(?<!a)'], ['(a)\\1'], ['(?<name>a)'], ['(?<n>a)\\k<n>']])(
    'refuses %s',
    (pattern) => {
      expect(() => compilePattern(pattern)).toThrow(/cannot look around or back, nor name groups/);
    },
  );

  it.each([['('], ['a**'], ['[b-a]'], ['\\q'], ['a{2,1}']])('refuses %s, which is none', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(SyntaxError);
  });

  it('refuses groups nested without end', () => {
    expect(() => compilePattern(`${'('.repeat(32)}a${')'.repeat(32)}`)).not.toThrow();
    expect(() => compilePattern(`${'('.repeat(33)}a${')'.repeat(33)}`)).toThrow('deeper than 32 groups');
  });
});

describe('matches()', () => {
  it('finds a pattern anywhere in a text', () => {
    const isOrder = compilePredicate('payload.id.matches("^o-[0-9]+$")');
    expect(['o-1', 'o-', 'xo-1', 'o-12'].map((id) => isOrder(Message.of({ id })))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('is false of what is missing, and fails on what is no text', () => {
    const predicate = compilePredicate('payload.id.matches("a")');
    expect(predicate(Message.of({}))).toBe(false);
    expect(predicate(Message.of({ id: null }))).toBe(false);
    expect(() => predicate(Message.of({ id: 1 }))).toThrow(AraldoError);
  });

  it.each([
    [
      'payload.id.matches(payload.pattern)',
      'a pattern of matches() that is not literal text is not allowed at column 20',
    ],
    ['payload.id.matches("(")', 'the pattern "(" is not allowed at column 20: Invalid regular expression'],
    [
      'payload.id.matches("(?=a)")',
      'the pattern "(?=a)" is not allowed at column 20: a pattern cannot look around',
    ],
  ])('refuses %s', (text, reason) => {
    expect(() => compilePredicate(text)).toThrow(reason);
  });
});

function isWithinCharacter(text: string, index: number): boolean {
  return (text.codePointAt(index - 1) ?? 0) > 0xffff;
}
